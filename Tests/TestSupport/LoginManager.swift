import Glibc
import Synchronization

/// What stands for systemd-logind on a private bus: it hands out inhibitor locks, announces sleep when told to, and has sessions of this user
/// (org.freedesktop.login1(5)).
package final class LoginManager: Sendable {
    private static let name = "org.freedesktop.login1"
    private static let path = "/org/freedesktop/login1"
    private static let interface = "org.freedesktop.login1.Manager"
    private static let userPath = "/org/freedesktop/login1/user/_me"

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

    /// A session of the user.
    package struct Session: Sendable {
        package var id: String
        package var isLocked = false
        package var kind = "user"
        package var state = "active"

        package init(_ id: String, isLocked: Bool = false, kind: String = "user", state: String = "active") {
            self.id = id
            self.isLocked = isLocked
            self.kind = kind
            self.state = state
        }

        fileprivate var path: String { "\(LoginManager.path)/session/_\(id)" }
    }

    private struct State: Sendable {
        var locks: [Lock] = []
        /// Its property `PreparingForSleep`.
        var isPreparing = false
        var sessions: [Session] = []
        var display: String?
        var isTellingOfSessions = true
    }

    private let state: Mutex<State>

    /// - Parameters:
    ///   - sessions: of the user; the first is the one with the display.
    ///   - isTellingOfSessions: whether it answers what it is asked of them.
    package init(on desktop: PrivateDesktop, sessions: [Session] = [], isTellingOfSessions: Bool = true) throws {
        state = Mutex(
            State(sessions: sessions, display: sessions.first?.id, isTellingOfSessions: isTellingOfSessions))
        try BusPeer(Self.name, on: desktop) { [self] call in
            switch call.member {
            case "Inhibit":
                guard let pipe = try? Pipe.open() else { return [] }
                state.withLock { $0.locks.append(Lock(pipe.reading)) }
                return [.answer([.fileDescriptor(pipe.writing)])]
            case "Sleep": return prepareForSleep(true)
            case "Resume": return prepareForSleep(false)
            case "AnnounceFalsely": return announcement(true)
            case "Changed":
                return [
                    .answer([]),
                    .signal(
                        path: Self.userPath, interface: "org.freedesktop.DBus.Properties", member: "PropertiesChanged",
                        [.string("org.freedesktop.login1.User")]),
                ]
            case "Lock", "Unlock":
                return [
                    .answer([]),
                    .signal(
                        path: Session(call.argument).path, interface: "org.freedesktop.login1.Session",
                        member: call.member, []),
                ]
            case "GetUser" where state.withLock(\.isTellingOfSessions): return [.answer([.objectPath(Self.userPath)])]
            case "Get":
                guard case .string(let name)? = call.arguments.last, let value = property(name, of: call.path) else {
                    return [.fail("org.freedesktop.DBus.Error.UnknownObject")]
                }
                return [.answer([.variant(value)])]
            default: return []
            }
        }
    }

    private func property(_ name: String, of path: String) -> BusPeer.Value? {
        state.withLock { state in
            let session = state.sessions.first { $0.path == path }
            switch name {
            case "PreparingForSleep": return .boolean(state.isPreparing)
            case "Sessions":
                return .array(
                    signature: "(so)", state.sessions.map { .structure([.string($0.id), .objectPath($0.path)]) })
            case "Display":
                let display = state.display.map { Session($0) }
                return .structure([.string(display?.id ?? ""), .objectPath(display?.path ?? "/")])
            case "LockedHint": return session.map { .boolean($0.isLocked) }
            case "Class": return session.map { .string($0.kind) }
            case "State": return session.map { .string($0.state) }
            default: return nil
            }
        }
    }

    private func prepareForSleep(_ isComing: Bool) -> [BusPeer.Action] {
        state.withLock { $0.isPreparing = isComing }
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
            if let lock = state.withLock({ $0.locks.count >= count ? $0.locks[count - 1] : nil }) { return lock }
            try Task.checkCancellation()
            await Task.yield()
        }
    }
}

// MARK: - What happens

extension LoginManager {
    /// Whether it answers from now on what it is asked of sessions.
    package func tellOfSessions(_ isTelling: Bool = true) {
        state.withLock { $0.isTellingOfSessions = isTelling }
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

    /// Replaces the user's sessions and tells of it.
    ///
    /// - Parameter display: which of them is the one with the display; nil is the first.
    package func have(_ sessions: [Session], display: String? = nil, _ desktop: PrivateDesktop) async throws {
        state.withLock { state in
            state.sessions = sessions
            state.display = display ?? sessions.first?.id
        }
        try await desktop.call(Self.name, Self.path, Self.interface, "Changed", [])
    }

    /// Asks a session to lock its screen, or to unlock it; whether it does is another matter.
    package func ask(_ session: String, toLock isLock: Bool, _ desktop: PrivateDesktop) async throws {
        try await desktop.call(Self.name, Self.path, Self.interface, isLock ? "Lock" : "Unlock", ["s", session])
    }
}
