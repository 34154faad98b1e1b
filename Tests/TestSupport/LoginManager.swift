import Glibc
import Synchronization

/// What stands for systemd-logind on a private bus: it hands out inhibitor locks and announces sleep when told to
/// (org.freedesktop.login1(5)).
package final class LoginManager: Sendable {
    private static let name = "org.freedesktop.login1"
    private static let path = "/org/freedesktop/login1"
    private static let interface = "org.freedesktop.login1.Manager"

    /// An inhibitor lock that somebody has taken: held until its holder closes its end.
    package final class Lock: Sendable {
        private let reading: Int32

        fileprivate init(_ reading: Int32) {
            self.reading = reading
        }

        deinit {
            close(reading)
        }

        package var isHeld: Bool {
            var poll = pollfd(fd: reading, events: 0, revents: 0)
            Glibc.poll(&poll, 1, 0)
            return Int32(poll.revents) & POLLHUP == 0
        }

        package func released() async throws {
            while isHeld {
                try Task.checkCancellation()
                await Task.yield()
            }
        }
    }

    private let locks = Mutex<[Lock]>([])
    /// Its property `PreparingForSleep`.
    private let isPreparing = Mutex(false)

    package init(on desktop: PrivateDesktop) throws {
        try BusPeer(Self.name, on: desktop) { [self] call in
            switch call.member {
            case "Inhibit":
                guard let pipe = try? Pipe.open() else { return [] }
                locks.withLock { $0.append(Lock(pipe.reading)) }
                return [.answer([.fileDescriptor(pipe.writing)])]
            case "Sleep": return prepareForSleep(true)
            case "Resume": return prepareForSleep(false)
            case "AnnounceFalsely": return announcement(true)
            case "Get": return [.answer([.variant(.boolean(isPreparing.withLock { $0 }))])]
            default: return []
            }
        }
    }

    private func prepareForSleep(_ isComing: Bool) -> [BusPeer.Action] {
        isPreparing.withLock { $0 = isComing }
        return announcement(isComing)
    }

    private func announcement(_ isComing: Bool) -> [BusPeer.Action] {
        [
            .answer([]),
            .signal(path: Self.path, interface: Self.interface, member: "PrepareForSleep", [.boolean(isComing)]),
        ]
    }

    /// Waits until so many locks were taken in all, and returns the last of them.
    package func lock(_ count: Int) async throws -> Lock {
        while true {
            if let lock = locks.withLock({ $0.count >= count ? $0[count - 1] : nil }) { return lock }
            try Task.checkCancellation()
            await Task.yield()
        }
    }

    /// Announces that the machine goes to sleep.
    package func sleep(_ desktop: PrivateDesktop) async throws {
        try await desktop.call(Self.name, Self.path, Self.interface, "Sleep", [])
    }

    /// Announces sleep, and says when asked that there is none coming.
    package func announceFalsely(_ desktop: PrivateDesktop) async throws {
        try await desktop.call(Self.name, Self.path, Self.interface, "AnnounceFalsely", [])
    }

    /// Announces that it has resumed.
    package func resume(_ desktop: PrivateDesktop) async throws {
        try await desktop.call(Self.name, Self.path, Self.interface, "Resume", [])
    }
}
