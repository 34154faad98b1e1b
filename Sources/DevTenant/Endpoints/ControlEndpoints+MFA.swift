/// The control endpoints about second factors.
extension DevTenant {
    /// False if no notification waits.
    func answerPush(_ body: JSON) throws -> Bool {
        let answers: [String: OOBChallenge.PushAnswer] = [
            "approve": .approved, "deny": .denied(.accessDenied400), "deny_403": .denied(.invalidGrant403),
        ]
        guard let address = body["to"]?.string, let answer = answers[body["answer"]?.string ?? "approve"] else {
            throw ControlMistake(description: "to is missing, or answer is none of: approve, deny, deny_403")
        }
        return answerPush(answer, of: address)
    }

    /// Unlike the rest, makes a person known who was not.
    func changeFactors(_ body: JSON, of address: String) throws {
        if let value = body["mfa"] {
            let policy = value.string.flatMap(MFAPolicy.init(rawValue:))
            guard policy != nil || value == .null else {
                throw ControlMistake(
                    description: "mfa is null or one of: "
                        + MFAPolicy.allCases.map(\.rawValue).joined(separator: ", "))
            }
            setMFAPolicy(policy, for: address)
        }
        if let list = body["authenticators"]?.array {
            let authenticators = list.compactMap(Authenticator.init)
            guard authenticators.count == list.count else {
                throw ControlMistake(
                    description: "an authenticator's kind is one of: "
                        + Authenticator.Kind.allCases.map(\.rawValue).joined(separator: ", "))
            }
            setAuthenticators(authenticators, of: address)
        }
        if let denial = body["denied_after_challenge"] { denyAfterChallenge(address, denial.string) }
    }
}
