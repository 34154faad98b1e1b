package import DevTenant

/// A sign-in over the socket, step by step.
package struct Login: Sendable {
    private let agent: RunningAgent
    /// Over which all calls go; without one each has its own.
    private let connection: AgentConnection?
    package let id: JSON

    package init(_ state: JSON?, of agent: RunningAgent, over connection: AgentConnection? = nil) throws {
        guard let id = state?["login_id"] else { throw Refusal(state ?? .null) }
        self.agent = agent
        self.connection = connection
        self.id = id
    }

    /// Gives an answer, and returns the step that follows: secrets, if there are any, stand in it.
    @discardableResult
    package func answer(_ answer: [String: JSON]) async throws -> JSON {
        try await call("login.answer", params(answer))["step"] ?? .null
    }

    @discardableResult
    package func answer(code: String) async throws -> JSON {
        try await answer(["code": .string(code)])
    }

    /// The error that an answer meets; nil if it is taken.
    package func refusal(of answer: [String: JSON]) async throws -> Refusal? {
        try await {
            do {
                try await call("login.answer", params(answer))
                return nil
            } catch let refusal as Refusal {
                return refusal
            }
        }()
    }

    /// The step as everybody may read it.
    package func step() async throws -> JSON {
        try await call("login.wait", params([:]))["step"] ?? .null
    }

    /// Waits until the login has left a step of this kind, by itself or by somebody else's answer.
    package func stepAfter(_ kind: JSON) async throws -> JSON {
        try await withDeadline(.seconds(60)) {
            var state = try await call("login.wait", params([:]))
            while state["step"]?["kind"] == kind {
                state = try await call("login.wait", params(["seen": state["revision"] ?? .null]))
            }
            return state["step"] ?? .null
        }
    }

    @discardableResult
    package func resend() async throws -> JSON {
        try await call("login.resend", params([:]))["step"] ?? .null
    }

    package func cancel() async throws {
        try await call("login.cancel", params([:]))
    }

    @discardableResult
    private func call(_ method: String, _ params: JSON) async throws -> JSON {
        guard let connection else { return try await agent.call(method, params) }
        return try await connection.call(method, params)
    }

    private func params(_ members: [String: JSON]) -> JSON {
        .object(members.merging(["login_id": id]) { own, _ in own })
    }
}

extension RunningAgent {
    /// Begins a sign-in over the socket, which has a code sent.
    package nonisolated func startLogin(_ params: JSON = [:]) async throws -> Login {
        try Login(try await call("login.start", params), of: self)
    }

    /// Begins a sign-in over the socket and gives the one-time code that was sent.
    ///
    /// - Returns: the login, and the step that asks for the second factor.
    package nonisolated func startSecondFactor(
        _ params: JSON = [:], as person: String = person
    ) async throws -> (login: Login, step: JSON) {
        let login = try await startLogin(params)
        return (login, try await login.answer(code: tenant.nextCode(for: person)))
    }
}
