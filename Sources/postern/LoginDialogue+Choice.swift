import PosternProtocol

/// An entry of a list that a person chooses from.
struct Choice<Value> {
    let value: Value
    let words: String
    /// What may be typed in the place of its number.
    let names: [String]

    func isMeant(by typed: String, number: Int) -> Bool {
        typed == String(number) || names.contains(typed) || names.contains(typed.lowercased())
    }
}

extension Choice<Factor> {
    init(_ factor: Factor) {
        self.init(value: factor, words: factor.words, names: [factor.id] + factor.way.names)
    }
}

extension Choice<FactorWay> {
    init(_ way: FactorWay) {
        self.init(value: way, words: way.words, names: way.names)
    }
}

extension LoginDialogue {
    /// Shows the list and asks until one of it is chosen.
    ///
    /// - Parameter refusal: why this is asked again, which is the failure if there is no more input.
    func choose<Value>(_ choices: [Choice<Value>], _ login: LoginState, _ refusal: Failure? = nil) throws -> Value {
        guard !choices.isEmpty else {
            cancel(login)
            throw Failure(
                "The tenant asks for a second factor, but offers none that this version of postern can use.",
                advice: "The sign-in was cancelled.", status: ExitStatus.configuration)
        }
        let numbered = Array(zip(1..., choices))
        for (number, choice) in numbered {
            conversation.say("  \(number)  \(choice.words)")
        }
        let prompt = choices.count == 1 ? "Which one (1): " : "Which one (1-\(choices.count)): "
        var refusal = refusal
        while let typed = try conversation.ask(interrupts, Question(prompt)) {
            let meant = numbered.filter { $1.isMeant(by: typed, number: $0) }
            if meant.count == 1 { return meant[0].1.value }
            let failure = Self.misunderstood(typed, isAmbiguous: !meant.isEmpty)
            conversation.report(failure)
            refusal = failure
        }
        throw refusal ?? unanswered("Nothing was chosen", login)
    }

    private static func misunderstood(_ typed: String, isAmbiguous: Bool) -> Failure {
        let message =
            if typed.isEmpty {
                "Nothing was typed."
            } else if isAmbiguous {
                "More than one of these is meant by \"\(typed)\"."
            } else {
                "None of these is meant by \"\(typed)\"."
            }
        return Failure(message, advice: "Type the number that stands before it.", status: ExitStatus.badData)
    }
}
