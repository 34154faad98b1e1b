import FoundationEssentials

/// How a factor is to be proven, as `POST /mfa/challenge` and `POST /mfa/associate` answer it.
package enum MFAChallenge: Equatable, Sendable {
    /// By the one-time password of an authenticator app.
    case otp
    /// By the code of the message that was sent; `oob` is the transaction it belongs to.
    case message(oob: Secret)
    /// By a person's approval of the notification that was sent.
    case push(oob: Secret)

    /// The members of an answer that say so.
    struct Members: Decodable {
        var challengeType: String?
        var authenticatorType: String?
        var oobCode: String?
        var bindingMethod: String?

        enum CodingKeys: String, CodingKey {
            case challengeType = "challenge_type"
            case authenticatorType = "authenticator_type"
            case oobCode = "oob_code"
            case bindingMethod = "binding_method"
        }

        /// - Parameter type: what was asked for, `otp` or `oob`.
        /// - Returns: nil if they break the protocol, or tell of another type.
        func challenge(ofType type: String) -> MFAChallenge? {
            guard (challengeType ?? authenticatorType) == type else { return nil }
            return challenge
        }

        /// Nil if they break the protocol.
        var challenge: MFAChallenge? {
            switch (challengeType ?? authenticatorType, oobCode.map(Secret.init)) {
            case ("otp", _): .otp
            case ("oob", let oob?): bindingMethod == "prompt" ? .message(oob: oob) : .push(oob: oob)
            default: nil
            }
        }
    }
}

/// What proves a second factor: one of the MFA grants of `/oauth/token`.
package enum MFAProof: Sendable {
    case otp(Secret)
    /// A message's code.
    case message(code: Secret, oob: Secret)
    /// Asks whether the person has approved.
    case push(oob: Secret)
    case recoveryCode(Secret)

    var call: Call {
        switch self {
        case .otp: .otp
        case .message, .push: .oob
        case .recoveryCode: .recoveryCode
        }
    }

    var members: [String: JSONMember] {
        let grant = "http://auth0.com/oauth/grant-type/mfa-"
        return switch self {
        case .otp(let code):
            ["grant_type": .string(grant + "otp"), "otp": .string(code.revealed)]
        case .message(let code, let oob):
            [
                "grant_type": .string(grant + "oob"), "oob_code": .string(oob.revealed),
                "binding_code": .string(code.revealed),
            ]
        case .push(let oob):
            ["grant_type": .string(grant + "oob"), "oob_code": .string(oob.revealed)]
        case .recoveryCode(let code):
            ["grant_type": .string(grant + "recovery-code"), "recovery_code": .string(code.revealed)]
        }
    }
}
