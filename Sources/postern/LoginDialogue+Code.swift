import PosternProtocol

/// A code that a step asks for.
struct CodeQuestion {
    let question: Question
    /// The answer's member that the code goes into.
    var member: WritableKeyPath<AnswerLogin, String?> = \.code
    /// From when on another code may be asked for; nil where none is sent.
    var resendAt: UnixTime?
    /// What has another code sent.
    var resendWords = [""]
    /// Goes back to what else can be chosen.
    var back: (() throws -> LoginDialogue.Login)?
}

extension LoginDialogue {
    func enterOneTimeCode(_ login: Login, _ step: LoginStep.Code) throws -> Login {
        var question = CodeQuestion(
            question: Question(still: "Code: ") { Self.codePrompt(step, now: Moment.now) })
        question.resendAt = step.resendAt
        question.resendWords += ["r", "new"]
        return try enterCode(login, question)
    }

    /// Asks until the login has moved on, or is over.
    func enterCode(_ login: Login, _ question: CodeQuestion) throws -> Login {
        conversation.hint((question.resendAt == nil ? [] : [.resend]) + (question.back == nil ? [] : [.back]))
        var refusal: Failure?
        while let typed = try conversation.ask(interrupts, question.question) {
            let word = typed.filter { !$0.isWhitespace }
            if Self.leadsBack(word) {
                if let back = question.back { return try back() }
                conversation.note("There is no other way to choose.")
            } else if let time = question.resendAt, question.resendWords.contains(word.lowercased()) {
                if let next = try resend(login, from: time, &refusal) { return next }
            } else if !word.isEmpty {
                var answer = AnswerLogin(loginID: login.value.loginID)
                // As it was typed: the agent finds the code in it.
                answer[keyPath: question.member] = typed
                if let next = try attempt(answer, login, &refusal) { return next }
            }
        }
        throw refusal ?? unanswered("No code was given", login.value)
    }

    /// Another code, or nil if it is too early for one.
    private func resend(_ login: Login, from time: UnixTime, _ refusal: inout Failure?) throws -> Login? {
        let now = Moment.now
        guard time <= now else {
            conversation.note("Another code can be sent \(Moment(time, now: now).distance).")
            return nil
        }
        guard let next = try attempt(ResendCode(loginID: login.value.loginID), login, &refusal) else { return nil }
        conversation.note("Another code is on its way.")
        return next
    }

    /// The time left has a fixed width, and stops at 0:00: only the tenant knows when its code really dies.
    static func codePrompt(_ step: LoginStep.Code, now: UnixTime) -> String {
        let left = min(Moment.seconds(until: step.codeExpiresAt, now: now), 5999)
        let (minutes, seconds) = left.quotientAndRemainder(dividingBy: 60)
        return "Code (\(minutes < 10 ? " " : "")\(minutes):\(seconds < 10 ? "0" : "")\(seconds) left): "
    }
}
