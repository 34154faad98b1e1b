import PosternProtocol

/// How every step is answered.
extension LoginDialogue {
    /// Makes a call that moves the login on.
    ///
    /// - Parameter refusal: set to why the agent wants the same asked again.
    /// - Returns: nil if the same is to be asked again, which has been reported.
    func attempt<R: Request>(_ request: R, _ login: Login, _ refusal: inout Failure?) throws -> Login?
    where R.Response == LoginState {
        do {
            return try client.call(request)
        } catch let failure as Failure {
            switch failure.agentError?.code {
            case .wrongCode?, .rateLimited?, .offline?:
                terminal.report(failure, json: false)
                refusal = failure
                return nil
            case .wrongStep?, .loginNotFound?:
                // Somebody else was quicker: an answer from another terminal, or a push that was approved while
                // another factor was being chosen.
                return try client.call(WaitForLogin(loginID: login.value.loginID, seen: login.value.revision))
            default:
                throw failure
            }
        }
    }

    /// Waits until something outside of the command has moved the login on.
    ///
    /// - Parameters:
    ///   - back: what is done instead once `b` has been typed on the terminal.
    ///   - progress: made with the time waited so far.
    func awaitChange(_ login: Login, back: (() throws -> Login)? = nil, progress: (String) -> String) throws -> Login {
        let since = Moment.now
        while true {
            if let next = try change(of: login, since: since, progress) { return next }
            if let back { return try back() }
        }
    }

    /// The login once it has changed, or nil once `b` has been typed.
    private func change(of login: Login, since: UnixTime, _ progress: (String) -> String) throws -> Login? {
        let wait = WaitForLogin(
            loginID: login.value.loginID, seen: login.value.revision,
            timeout: terminal.isInteractive || terminal.showsProgress ? 1 : 30)
        defer { terminal.endProgress() }
        while true {
            terminal.progress(progress(Moment.words(seconds: Moment.now - since)))
            let next = try client.call(wait)
            if next.value.revision != login.value.revision { return next }
            if let typed = try terminal.typedLine(), Self.leadsBack(typed) { return nil }
        }
    }

    static func leadsBack(_ typed: String) -> Bool {
        ["b", "back"].contains(typed.lowercased())
    }

    /// Says what can be done at a prompt besides answering it, where somebody sits at one.
    func hint(_ ways: String?...) {
        guard terminal.isInteractive else { return }
        terminal.say((ways.compactMap(\.self) + ["Ctrl-C cancels"]).joined(separator: "; ") + ".")
    }

    /// Shows codes that will not be shown again, and on a terminal has them acknowledged.
    func handOver(_ codes: [String], _ words: String) throws {
        terminal.say(words)
        for code in codes {
            terminal.say(code, .strong)
        }
        guard terminal.isInteractive else { return }
        _ = try terminal.ask(interrupts) { "Press Enter once you have \(codes.count == 1 ? "it" : "them"): " }
    }

    /// The end of input, where an answer was to be.
    func unanswered(_ what: String, _ login: LoginState) -> Failure {
        guard purpose == .tokens else {
            return Failure("\(what).", advice: "Begin again with the same command.", status: ExitStatus.tryAgain)
        }
        let left = Moment.words(seconds: Moment.seconds(until: login.expiresAt))
        return Failure(
            "\(what); the sign-in still waits for it.",
            advice: "To go on, within \(left): postern login \(login.profile)", status: ExitStatus.tryAgain)
    }
}
