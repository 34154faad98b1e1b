package import DevTenant
import Foundation

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
