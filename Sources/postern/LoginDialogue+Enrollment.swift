import PosternProtocol

extension LoginDialogue {
    /// Asks which factor to set up, and has the agent begin with it.
    func enroll(_ login: Login, _ types: [String]) throws -> Login {
        let ways = types.flatMap { type in FactorWay.enrollable.filter { $0.type.rawValue == type } }
        var refusal: Failure?
        while true {
            let way = try choose(ways.map(Choice.init), login.value, refusal)
            let next = try withAddress(for: way, else: unanswered("No address was given", login.value)) { address in
                var answer = AnswerLogin(loginID: login.value.loginID)
                answer.enroll = .init(way, address: address)
                return try attempt(answer, login, &refusal)
            }
            if let next { return next }
        }
    }

    /// Makes a call with the number or address that the factor needs, which is asked for until the agent takes it.
    ///
    /// - Parameters:
    ///   - given: the address to begin with.
    ///   - failure: thrown if there is no more input.
    func withAddress<Answer>(
        for way: FactorWay, given: String? = nil, else failure: Failure, _ call: (String?) throws -> Answer
    ) throws -> Answer {
        var address = given
        var failure = failure
        while true {
            if let question = way.addressQuestion {
                while address?.isEmpty != false {
                    guard let typed = try conversation.ask(interrupts, Question(question)) else { throw failure }
                    address = typed
                }
            }
            do {
                return try call(address)
            } catch let refusal as Failure {
                guard way.addressQuestion != nil, refusal.agentError?.code == .invalidParams,
                    refusal.agentError?.data.missing?.isEmpty == false
                else { throw refusal }
                conversation.report(refusal)
                failure = refusal
                address = nil
            }
        }
    }

    /// Shows what is needed to set the factor up, and has it prove that it works.
    func confirmEnrollment(_ login: Login, _ step: LoginStep.EnrollConfirm) throws -> Login {
        if let codes = step.recoveryCodes, !codes.isEmpty {
            try handOver(codes, Self.recoveryWords(codes.count))
        }
        let back = step.types.map { types in { try enroll(login, types) } }
        show(step, canGoBack: back != nil)
        if step.way == .push {
            conversation.hint(back == nil ? [] : [.backFromWaiting])
            return try awaitChange(login, back: back) { "Waiting for the Guardian app to confirm (\($0)) " }
        }
        var question = CodeQuestion(question: Question(step.way?.codePrompt(sentTo: step.sentTo) ?? "Code: "))
        question.resendAt = step.way?.isSent == true ? step.resendAt ?? 0 : nil
        question.back = back
        return try enterCode(login, question)
    }

    /// Shows the key of an app, which stands only in the answer to the call that made it.
    private func show(_ step: LoginStep.EnrollConfirm, canGoBack: Bool) {
        let code = step.uri.flatMap(scannable)
        switch (step.way, step.secret.map(Self.grouped) ?? step.uri, step.uri) {
        case (.otp?, let key?, _):
            conversation.say(
                code == nil
                    ? "Type this key into your authenticator app:"
                    : "Scan this with your authenticator app, or type in the key by hand:")
            conversation.show("  \(key)", .plain)
        case (.push?, _, let uri?):
            conversation.say(
                code == nil
                    ? "Open this in the Guardian app on your device:"
                    : "Scan this with the Guardian app on your device, or open it there:")
            conversation.show("  \(uri)", .plain)
        case (.otp?, _, _), (.push?, _, _):
            return conversation.say(
                "The key was shown where this set-up was begun\(canGoBack ? "; b sets up anew" : "").")
        case (.sms?, _, _), (.voice?, _, _), (.email?, _, _), (.recovery?, _, _), (nil, _, _):
            return
        }
        if let code {
            conversation.draw(code)
        } else {
            conversation.say(conversation.drawingAdvice)
        }
    }

    /// The text as a QR code, if it can be shown.
    private func scannable(_ text: String) -> QRCode? {
        guard conversation.canDraw(columns: 0), let code = QRCode(text), conversation.canDraw(columns: code.width)
        else {
            return nil
        }
        return code
    }

    /// In groups of four, as authenticator apps show keys.
    static func grouped(_ secret: String) -> String {
        var groups: [Substring] = []
        var rest = secret[...]
        while !rest.isEmpty {
            groups.append(rest.prefix(4))
            rest = rest.dropFirst(4)
        }
        return groups.joined(separator: " ")
    }
}

extension AnswerLogin.Enrollment {
    init(_ way: FactorWay, address: String?) {
        self.init(type: way.type.rawValue)
        channel = way.channel
        phoneNumber = way.type == .phone ? address : nil
        email = way.type == .email ? address : nil
    }
}
