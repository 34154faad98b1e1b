import CLinux
import Glibc
import Logging
import ServiceLifecycle

/// Hears from the kernel that the machine's network has changed (rtnetlink(7)). What has changed is not looked at: whether the tenant can be reached is
/// known to those who try.
struct NetworkMonitor: Service {
    /// A network comes up in several steps, link, addresses and routes; after the first one the rest is waited for this long.
    static let settlingTime = Duration.seconds(1)
    private static let groups =
        RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE

    let clock: any AgentClock
    let log: Logger
    let changed: @Sendable (MachineChange) async -> Void

    func run() async throws {
        guard let socket = Self.subscribe() else {
            log.warning("The agent will not hear of a network that is back: \(String(cString: strerror(errno))).")
            return try await gracefulShutdown()
        }
        defer { close(socket) }
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await Reactor.shared.arrival(on: socket)
                // Cancelled: the agent ends, and the loop with it.
                try? await clock.sleep(for: Self.settlingTime)
                Self.drain(socket)
                if !Task.isCancelled { await changed(.networkChanged) }
            }
        }
    }

    private static func subscribe() -> CInt? {
        let flags = CInt(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let socket = Glibc.socket(AF_NETLINK, flags, NETLINK_ROUTE)
        guard socket >= 0 else { return nil }
        var address = sockaddr_nl()
        address.nl_family = sa_family_t(AF_NETLINK)
        address.nl_groups = UInt32(groups)
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_nl>.size))
            }
        }
        guard result == 0 else {
            let reason = errno
            close(socket)
            errno = reason
            return nil
        }
        return socket
    }

    /// Reads all there is. Messages that did not fit into the socket's buffer show as an error (netlink(7), ENOBUFS), after which reading goes on.
    private static func drain(_ socket: CInt) {
        var byte: UInt8 = 0
        repeat {
            errno = 0
            // The rest of a message that is longer is dropped (recv(2)).
            while recv(socket, &byte, 1, 0) >= 0 {}
        } while errno == ENOBUFS || errno == EINTR
    }
}
