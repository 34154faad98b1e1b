package import DevTenant
package import Foundation
import Glibc

/// The built daemon in a private desktop, with a development tenant in the test's own process and the built command beside it.
package actor RunningAgent {
    package nonisolated let desktop: PrivateDesktop
    package nonisolated let tenant: DevTenant
    /// What the daemon and the command run with.
    package nonisolated let environment: [String: String]
    private let notifications: NotifySocket
    private var daemon: ChildProcess?

    init(_ desktop: PrivateDesktop, _ tenant: DevTenant, environment extra: [String: String]) throws {
        self.desktop = desktop
        self.tenant = tenant
        let notifications = try NotifySocket(path: desktop.runtimeDirectory.appending(path: "notify").path)
        self.notifications = notifications
        environment = desktop.environment.merging(extra) { _, extra in extra }
    }

    /// The person of the profiles made by ``profile(_:_:)``.
    package static let person = "ada@example.com"

    package nonisolated var socketPath: String {
        environment["POSTERN_SOCKET"] ?? desktop.runtimeDirectory.appending(path: "postern/agent.sock").path
    }
}

// MARK: - Configuration

extension RunningAgent {
    package nonisolated var configurationFile: URL {
        desktop.home.appending(path: ".config/postern/postern.conf")
    }

    /// Replaces the user's postern.conf; the daemon is not told.
    package nonisolated func configure(_ text: String) throws {
        try FileManager.default.createDirectory(
            at: configurationFile.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: configurationFile)
    }

    /// A group for a profile of the tenant; `keys` are added, or take the place of those that it has by itself.
    package nonisolated func profile(_ name: String = "work", _ keys: [String: String?] = [:]) async -> String {
        let standard: [String: String?] = [
            "issuer": await tenant.issuer, "client_id": "postern-dev", "username": Self.person, "refresh": "on-demand",
        ]
        let lines = standard.merging(keys) { _, key in key }.compactMap { key, value in value.map { "\(key) = \($0)" } }
        return (["[profile \(name)]"] + lines.sorted()).joined(separator: "\n") + "\n"
    }
}

// MARK: - The daemon's life

extension RunningAgent {
    package var processID: Int32 { daemon?.processID ?? 0 }

    /// Starts the daemon and waits until it has told the service manager that it is ready. What an earlier one has stored with the manager it gets back.
    ///
    /// - Parameters:
    ///   - settings: what a shell does first that the daemon inherits, limits for one.
    ///   - wrapper: a command that becomes the daemon, with its arguments.
    ///   - program: a copy of the built daemon that takes its place.
    package func start(
        after settings: String = ":", by wrapper: String = "", program: String = BuiltProduct.agent.path
    ) async throws {
        var environment = environment
        // All that can be logged is logged, and searched for secrets in the end.
        environment["POSTERN_LOG_LEVEL"] = "trace"
        environment["NOTIFY_SOCKET"] = notifications.path
        let stored = notifications.stored
        if !stored.isEmpty {
            environment["LISTEN_FDS"] = "\(stored.count)"
            environment["LISTEN_FDNAMES"] = stored.map(\.name).joined(separator: ":")
        }
        // Descriptors are for the process that LISTEN_PID names (sd_listen_fds(3)), which only the process itself can know here.
        let daemon = try ChildProcess(
            "sh", ["-c", "\(settings); export LISTEN_PID=$$; exec \(wrapper) \"$0\"", program],
            environment: environment,
            descriptors: stored.map(\.descriptor))
        self.daemon = daemon
        try await withDeadline { [notifications] in
            try await notifications.line { $0.contains("READY=1") }
        }
    }

    /// Waits until the daemon has told the service manager something.
    package nonisolated func notified(_ text: String) async throws {
        try await withDeadline { [notifications] in
            try await notifications.line { $0.contains(text) }
        }
    }

    /// Has the service manager read nothing any more, so that whoever tells it something has to wait.
    package nonisolated func clogServiceManager() throws {
        try notifications.clog()
    }

    /// What the service manager keeps for the daemon: each descriptor's name and contents.
    package nonisolated var stored: [(name: String, contents: String)] {
        notifications.stored.map { name, descriptor in
            var bytes = [UInt8](repeating: 0, count: 1 << 16)
            let count = max(pread(descriptor, &bytes, bytes.count, 0), 0)
            return (name, String(decoding: bytes.prefix(count), as: UTF8.self))
        }
    }

    /// Has the service manager keep something that the daemon never gave it.
    package nonisolated func store(_ contents: String, as name: String) throws {
        try notifications.put(contents, as: name)
    }

    /// Waits until the service manager keeps so many descriptors for the daemon.
    package nonisolated func stored(_ count: Int) async throws {
        try await withDeadline { [notifications] in
            while notifications.stored.count != count { try await notifications.line { _ in true } }
        }
    }

    package func send(_ signal: Int32) { daemon?.send(signal) }

    /// Waits for the daemon's end; its standard error is kept for ``log``.
    package func exited() async throws -> ChildProcess.Exit {
        guard let daemon else { throw POSIXError(.ESRCH) }
        return try await withDeadline { await daemon.result().exit }
    }

    /// Asks the daemon to end, and waits until it has. What it has stored with the service manager is gone then.
    @discardableResult
    package func stop() async throws -> ChildProcess.Exit {
        send(SIGTERM)
        let exit = try await exited()
        notifications.dropStored()
        return exit
    }

    /// Ends the daemon as a crash would.
    ///
    /// - Parameter keepingStored: whether the service manager keeps what the daemon has stored with it, as systemd does.
    package func crash(keepingStored: Bool = true) async throws {
        send(SIGKILL)
        _ = try await exited()
        if !keepingStored { notifications.dropStored() }
    }

    package func restart() async throws {
        send(SIGTERM)
        _ = try await exited()
        try await start()
    }

    /// What the daemon that was started last has written to standard error.
    package var log: String { daemon?.text(of: .error) ?? "" }

    /// Waits until the daemon has logged such a line.
    package func logged(_ text: String) async throws {
        guard let daemon else { throw POSIXError(.ESRCH) }
        try await withDeadline { try await daemon.line(of: .error) { $0.contains(text) } }
    }

    fileprivate func end() async {
        await daemon?.end()
        notifications.close()
    }
}

// MARK: - Making one

/// Runs `body` with a tenant, an unlocked keyring and a daemon that knows one profile, `work`, which refreshes on demand.
///
/// - Parameters:
///   - profile: keys of the profile beside or in the place of those that ``RunningAgent/profile(_:_:)`` gives it.
///   - dataHome: where the desktop's programs keep their data instead of its home.
///   - starting: whether the daemon is started, or left to the body.
package func withRunningAgent(
    _ options: Options = Options(), profile: [String: String?] = [:], provider: PrivateDesktop.Provider = .unlocked,
    dataHome: String? = nil, environment: [String: String] = [:], starting: Bool = true,
    _ body: @escaping @Sendable (RunningAgent) async throws -> Void
) async throws {
    try await withPlace {
        try await withPrivateDesktop(provider: provider, dataHome: dataHome) { desktop in
            try await DevTenant.withRunning(options) { tenant in
                try await withAgent(desktop, tenant, environment: environment) { agent in
                    try agent.configure(await agent.profile("work", profile))
                    if starting { try await agent.start() }
                    try await body(agent)
                }
            }
        }
    }
}

/// Makes an agent, not started and not configured, between a desktop and a tenant that the test made itself.
///
/// - Parameter looksForLeaks: whether the log and all files are searched for secrets at the end; tens of thousands of secrets take too long.
package func withAgent<Value>(
    _ desktop: PrivateDesktop, _ tenant: DevTenant, environment: [String: String] = [:], looksForLeaks: Bool = true,
    _ body: (RunningAgent) async throws -> Value
) async throws -> Value {
    let agent = try RunningAgent(desktop, tenant, environment: environment)
    do {
        let value = try await body(agent)
        if looksForLeaks { try await agent.checkForLeaks() }
        await agent.end()
        return value
    } catch {
        await agent.end()
        throw error
    }
}

/// Runs `body` when there is room for another desktop, and bounds it.
package func withPlace(_ body: @escaping @Sendable () async throws -> Void) async throws {
    await Turnstile.desktops.enter()
    do {
        try await withDeadline(.seconds(90), body)
        await Turnstile.desktops.leave()
    } catch {
        await Turnstile.desktops.leave()
        throw error
    }
}
