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
                conversation.report(failure)
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
    ///   - back: what is done instead once the person would rather choose.
    ///   - progress: made with the time waited so far.
    func awaitChange(_ login: Login, back: (() throws -> Login)? = nil, progress: (String) -> String) throws -> Login {
        let since = Moment.now
        while true {
            if let next = try change(of: login, since: since, canGoBack: back != nil, progress) { return next }
            if let back { return try back() }
        }
    }

    /// The login once it has changed, or nil once the person would rather choose.
    private func change(
        of login: Login, since: UnixTime, canGoBack: Bool, _ progress: (String) -> String
    ) throws -> Login? {
        let wait = WaitForLogin(
            loginID: login.value.loginID, seen: login.value.revision,
            timeout: conversation.isAttended ? 1 : 30)
        try conversation.beginWaiting(interrupts, canGoBack: canGoBack)
        defer { conversation.endProgress() }
        while true {
            conversation.progress(progress(Moment.words(seconds: Moment.now - since)))
            let next = try client.call(wait)
            if next.value.revision != login.value.revision { return next }
            if try conversation.wantsBack() { return nil }
        }
    }

    static func leadsBack(_ typed: String) -> Bool {
        ["b", "back"].contains(typed.lowercased())
    }

    /// Shows codes that will not be shown again, and has them acknowledged.
    func handOver(_ codes: [String], _ words: String) throws {
        conversation.say(words)
        for code in codes {
            conversation.show(code, .strong)
        }
        try conversation.acknowledge(interrupts, codes.count == 1 ? "it" : "them")
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
