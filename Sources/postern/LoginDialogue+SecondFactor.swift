import PosternProtocol

extension LoginDialogue {
    /// Asks which factor to use, and has the agent begin with it.
    func chooseFactor(_ login: Login, _ factors: [Factor]) throws -> Login {
        var refusal: Failure?
        while true {
            var answer = AnswerLogin(loginID: login.value.loginID)
            answer.factor = try choose(factors.map(Choice.init), login.value, refusal).id
            if let next = try attempt(answer, login, &refusal) { return next }
        }
    }

    func enterFactorCode(_ login: Login, _ step: LoginStep.FactorCode) throws -> Login {
        let way = step.factor.way
        var question = CodeQuestion(question: Question(way.codePrompt(sentTo: step.sentTo ?? step.factor.name)))
        question.resendAt = way.isSent ? step.resendAt ?? 0 : nil
        question.back = wayBack(login, step.factors) { $0.id == step.factor.id }
        return try enterCode(login, question)
    }

    func enterRecoveryCode(_ login: Login, _ step: LoginStep.RecoveryCode) throws -> Login {
        var question = CodeQuestion(question: Question("Recovery code: "))
        question.member = \.recoveryCode
        question.back = wayBack(login, step.factors) { $0.type == .recoveryCode }
        return try enterCode(login, question)
    }

    /// Waits until the push notification has been answered.
    func awaitApproval(_ login: Login, _ step: LoginStep.Push) throws -> Login {
        let device = step.factor.name ?? "your device"
        let back = wayBack(login, step.factors) { $0.id == step.factor.id }
        conversation.say("A push notification was sent to \(device): approve the sign-in there.")
        conversation.hint(back == nil ? [] : [.backFromWaiting])
        return try awaitChange(login, back: back) { "Waiting for you to approve the sign-in on \(device) (\($0)) " }
    }

    /// Back to the list, if there is anything on it but what is being used.
    private func wayBack(
        _ login: Login, _ factors: [Factor]?, besides isUsed: (Factor) -> Bool
    ) -> (() throws -> Login)? {
        guard let factors, !factors.allSatisfy(isUsed) else { return nil }
        return { try chooseFactor(login, factors) }
    }
}
