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

// MARK: - Its clients

/// The agent closed a connection that waited for an answer.
package struct NoAnswer: Error {
    package var method: String
    package var log: String
}

extension RunningAgent {
    package nonisolated func connect() throws -> AgentConnection {
        try AgentConnection(path: socketPath)
    }

    /// Calls a method over a connection of its own.
    ///
    /// - Throws: ``Refusal`` if the agent answers an error.
    @discardableResult
    package nonisolated func call(_ method: String, _ params: JSON = [:]) async throws -> JSON {
        let connection = try connect()
        try connection.request(method, params)
        guard let answer = try await connection.answer() else { throw NoAnswer(method: method, log: await log) }
        if let error = answer["error"] { throw Refusal(error) }
        guard let result = answer["result"] else { throw POSIXError(.EBADMSG) }
        return result
    }

    /// The error that a call is answered with; nil if it succeeds.
    package nonisolated func refusal(of method: String, _ params: JSON = [:]) async throws -> Refusal? {
        do {
            try await call(method, params)
            return nil
        } catch let refusal as Refusal {
            return refusal
        }
    }

    package nonisolated func token(_ params: JSON = [:]) async throws -> String {
        try await call("token.get", params)["access_token"]?.string ?? ""
    }

    /// Waits until the daemon has taken this many connections in all, besides those that this function makes to ask.
    package nonisolated func connectionsTaken(_ count: Int) async throws {
        try await withDeadline { [self] in
            let connection = try connect()
            var taken = 0
            while taken <= count {
                try connection.request("agent.status")
                taken = try await connection.answer()?["result"]?["counters"]?["connections"]?.integer ?? .max
                try Task.checkCancellation()
            }
        }
    }

    /// Waits until the first profile's newest refresh token, or its sign-out, has reached the keyring.
    package nonisolated func awaitSaved() async throws {
        try await withDeadline { [self] in
            while try await status()["saved"] != true { try Task.checkCancellation() }
        }
    }

    /// The state of the first profile.
    package nonisolated func status() async throws -> JSON {
        guard case .array(let profiles)? = try await call("agent.status")["profiles"] else { return .null }
        return profiles.first ?? .null
    }

    /// The command, which a test may name by `POSTERN_CLI`; else the one built with the tests.
    package static var command: String {
        ProcessInfo.processInfo.environment["POSTERN_CLI"] ?? BuiltProduct.command.path
    }

    /// Runs the command to its end.
    package nonisolated func postern(_ arguments: String..., input: String = "") async throws -> ChildProcess.Result {
        try await withDeadline(.seconds(40)) { [environment] in
            try await ChildProcess.run(Self.command, arguments, environment: environment, input: input)
        }
    }

    /// Runs the command as long as `body` does.
    package nonisolated func withPostern<Value>(
        _ arguments: String..., body: (ChildProcess) async throws -> Value
    ) async throws -> Value {
        try await withChildProcess(Self.command, arguments, environment: environment, body)
    }

    /// Runs `postern login`, and types `lines` and then the code that was sent.
    package nonisolated func login(
        _ arguments: String..., as address: String = person, typing lines: [String] = []
    ) async throws -> ChildProcess.Result {
        let child = try ChildProcess(Self.command, ["login"] + arguments, environment: environment)
        return try await withDeadline(.seconds(30)) { [tenant] in
            do {
                try child.write(lines.map { $0 + "\n" }.joined())
                try child.write(try await tenant.nextCode(for: address) + "\n")
                child.closeInput()
            } catch {
                await child.end()
                throw error
            }
            return await child.result()
        }
    }

    /// Signs in over the socket with the code that the tenant sends.
    package nonisolated func signIn(_ profile: String? = nil, as person: String = person) async throws {
        var params: JSON = [:]
        if let profile { params = ["profile": .string(profile)] }
        let login = try await call("login.start", params)
        let code = try await tenant.nextCode(for: person)
        let end = try await call("login.answer", ["login_id": login["login_id"] ?? .null, "code": .string(code)])
        guard end["step"]?["kind"] == "signed_in" else { throw Refusal(end["step"] ?? .null) }
    }
}

// MARK: - A refresh token that the keyring lacks

/// A refresh did not end as a test needs it.
package struct NotUnsaved: Error {
    package var answer: JSON?
    package var status: JSON
}

extension RunningAgent {
    /// Has a refresh rotate, whose result the keyring does not take because of what `trouble` does when the tenant has the request.
    ///
    /// - Returns: the new access token, which is handed out all the same.
    @discardableResult
    package nonisolated func rotateUnsaved(_ trouble: () async throws -> Void) async throws -> String {
        await tenant.order(.hold, at: .token, grant: .refreshToken)
        let connection = try connect()
        try connection.request("token.get", ["force": true])
        try await withDeadline { [tenant] in try await tenant.requestHeld(at: .token, grant: .refreshToken) }
        try await trouble()
        await tenant.release()
        let answer = try await connection.answer()
        let status = try await status()
        guard answer?["result"]?["from"] == "refresh", status["saved"] == false,
            let token = answer?["result"]?["access_token"]?.string
        else { throw NotUnsaved(answer: answer, status: status) }
        return token
    }
}

// MARK: - Its record in the keyring

extension RunningAgent {
    package static func attributes(of profile: String) -> [String: String] {
        ["application": "postern", "kind": "session", "profile": profile]
    }

    /// What the keyring holds for a profile, as another program reads it; nil if there is nothing.
    package nonisolated func record(of profile: String = "work") async throws -> JSON? {
        try await desktop.secret(Self.attributes(of: profile)).flatMap { JSON(text: $0) }
    }

    /// Alters the record behind the agent's back; it is to be stopped meanwhile.
    package nonisolated func rewriteRecord(
        of profile: String = "work", _ change: (inout [String: JSON]) -> Void
    ) async throws {
        guard var members = try await record(of: profile)?.object else { throw POSIXError(.ENOENT) }
        change(&members)
        try await desktop.store(JSON.object(members).text, Self.attributes(of: profile))
    }

    /// Restarts the daemon with a record whose access tokens have all expired.
    package func restartWithExpiredTokens(_ profile: String = "work") async throws {
        try await stop()
        try await rewriteRecord(of: profile) { record in
            guard case .array(let tokens)? = record["tokens"] else { return }
            let past = Int(Date.now.timeIntervalSince1970) - 60
            record["tokens"] = .array(
                tokens.map { token in
                    var token = token.object ?? [:]
                    token["issued_at"] = .integer(past - 86_400)
                    token["expires_at"] = .integer(past)
                    return .object(token)
                })
        }
        try await start()
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
