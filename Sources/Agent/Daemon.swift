import AsyncHTTPClient
import Auth0
import CCrash
import CLinux
import Glibc
package import Logging
import NIOCore
import NIOPosix
import PosternProtocol
import ServiceLifecycle
import UnixSignals

/// A whole run of the agent, from its environment to its end.
package enum Daemon {
    /// Keeps the memory of this process from other processes of the same user, from core dumps and from backtraces, and has a crash say where it was.
    ///
    /// - Returns: whether the kernel agreed.
    package static func harden() -> Bool {
        postern_hide_memory() == 0 && postern_report_crashes("posternd") == 0
    }

    /// Does the work on the agent's thread, and ends the process with the status that it returns.
    package static func main(_ work: @escaping @Sendable () async -> Int32) -> Never {
        postern_take_sent_crashes(0)
        Reactor.takeOverTasks()
        Task { exit(await work()) }
        while true { pause() }
    }

    /// Serves until SIGTERM or SIGINT.
    ///
    /// - Throws: ``ListeningSocket/Failure`` if there is no socket to serve.
    package static func run(environment: [String: String], log: Logger) async throws {
        let inherited = try InheritedDescriptors.take(storedPrefix: UnsavedRecords.namePrefix)
        let socket = try ListeningSocket.open(
            inherited: inherited.sockets, path: SocketPath.fromEnvironment { environment[$0] })
        let clock = SystemClock()
        let keyring = KeyringClient(environment: environment, clock: clock)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        group.next().execute {
            postern_take_sent_crashes(0)
            postern_report_stack_overflow()
        }
        let client = HTTPTransport.makeClient(on: group)
        let agent = Agent(
            environment: environment, keyring: keyring, unsaved: UnsavedRecords(inherited: inherited.stored),
            client: client, clock: clock, log: log)
        // The first of them, so that it is known now.
        _ = Secret("")
        if let refusal = Secret.lockRefusal {
            log.notice(
                "No memory may be locked (RLIMIT_MEMLOCK): \(String(cString: strerror(refusal))). Secrets may reach the swap."
            )
        }
        // A bad file leaves the agent running without profiles; the error is logged, and answered to who asks.
        _ = try? await agent.applyConfiguration()
        let server = SocketServer(agent, on: socket) {
            let summary = await agent.summary
            log.info("\(summary).")
            ServiceManager.ready(summary)
        }
        let watchdog = Watchdog(clock: agent.clock) {
            await Reactor.shared.turn()
            await agent.progress()
        }
        // They end in the opposite order.
        let services: [any Service] =
            [agent.refresher, agent.keyringFollower, agent.notifier(environment)] + agent.machineMonitors(environment)
            + [ReloadOnHangup(agent), server, watchdog]
        let serviceGroup = ServiceGroup(
            configuration: .init(
                // Without a name of its own a service is named by a description of all that it holds, which takes milliseconds to make.
                services: services.map { .init(service: $0, serviceName: "\(type(of: $0))") },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: log))
        let end: Result<Void, any Error>
        do {
            end = .success(try await serviceGroup.run())
        } catch {
            end = .failure(error)
        }
        await keyring.shutdown()
        // Before what may throw.
        ServiceManager.flush()
        try await client.shutdown()
        try await group.shutdownGracefully()
        try end.get()
    }
}
