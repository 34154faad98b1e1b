import PosternProtocol

/// The calls about a person's factors, before which the tenant may want a fresh sign-in.
struct FactorAccess {
    let terminal = Terminal()
    private let client: Client
    private let interrupts: Interrupts
    private let options: AgentOptions

    init(_ options: AgentOptions) throws {
        self.options = options
        interrupts = try Interrupts()
        client = try options.connect(interrupts)
    }

    func dialogue(for purpose: LoginDialogue.Purpose) -> LoginDialogue {
        LoginDialogue(client, options, terminal, interrupts, for: purpose)
    }

    /// Asks, and once more after a sign-in if that is wanted first.
    ///
    /// - Parameter answer: read as a `JSONValue` if it is only passed on.
    func answer<Answer>(
        to request: some Request, as answer: Answer.Type
    ) throws -> Client.Answer<AnswerOrLogin<Answer>> {
        try self.answer(to: request, as: AnswerOrLogin<Answer>.self) { response in
            if case .login(let login) = response { login } else { nil }
        }
    }

    /// Begins to set a factor up, as ``answer(to:as:)`` does.
    func begin(_ request: EnrollFactor) throws -> LoginDialogue.Login {
        try answer(to: request, as: LoginState.self) { login in
            if case .enrollConfirm = login.step { nil } else { login }
        }
    }

    /// - Parameter signIn: the sign-in that an answer turns out to ask for.
    private func answer<Value: Decodable & Sendable>(
        to request: some Request, as: Value.Type, signIn: (Value) -> LoginState?
    ) throws -> Client.Answer<Value> {
        let first = try client.call(request, as: Value.self)
        guard let login = signIn(first.value) else { return first }
        terminal.say("The tenant wants a fresh sign-in before your factors can be managed.")
        let dialogue = dialogue(for: .factorAccess)
        _ = try dialogue.finish(first.with(login))
        let second = try client.call(request, as: Value.self)
        if let login = signIn(second.value) {
            dialogue.cancel(login)
            throw Failure(
                "The tenant asks for a fresh sign-in again, right after one.",
                advice: "See that its policy lets this application manage factors.", status: ExitStatus.noPermission)
        }
        return second
    }
}
