/// `mfa.list`: the factors that the signed-in person has enrolled.
package struct ListFactors: Request {
    package static let method = "mfa.list"
    package typealias Response = AnswerOrLogin<Factors>

    package var profile: String?

    package init(profile: String? = nil) {
        self.profile = profile
    }

    package enum CodingKeys: CodingKey, CaseIterable {
        case profile
    }

    package struct Factors: Codable, Equatable, Sendable {
        package var factors: [Factor]

        package init(factors: [Factor]) {
            self.factors = factors
        }
    }
}

/// `mfa.enroll`: begins the enrolment of a factor for the signed-in person.
///
/// The answer's step is `enroll_confirm`; any other step is that of the sign-in which the tenant wants first, and after which the call is to be made
/// again.
package struct EnrollFactor: Request {
    package static let method = "mfa.enroll"
    package typealias Response = LoginState

    package var profile: String?
    /// As in ``Factor/Kind``.
    package var type: String
    package var phoneNumber: String?
    /// `sms` or `voice`, for a phone.
    package var channel: String?
    package var email: String?

    package init(profile: String? = nil, type: String) {
        self.profile = profile
        self.type = type
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case profile, type
        case phoneNumber = "phone_number"
        case channel, email
    }
}

/// `mfa.remove`: takes a factor away from the signed-in person, and what shares its device: a phone's other channel, a push app's one-time passwords.
package struct RemoveFactor: Request {
    package static let method = "mfa.remove"
    package typealias Response = AnswerOrLogin<Empty>

    package var profile: String?
    /// The factor's identifier, as `mfa.list` gives it.
    package var id: String

    package init(profile: String? = nil, id: String) {
        self.profile = profile
        self.id = id
    }

    package enum CodingKeys: CodingKey, CaseIterable {
        case profile, id
    }
}

/// What was asked for, or the login that has to be finished before it can be had.
package enum AnswerOrLogin<Answer: Codable & Equatable & Sendable>: Codable, Equatable, Sendable {
    case answer(Answer)
    case login(LoginState)

    package init(from decoder: any Decoder) throws {
        // The two are told apart by the one member that every login has.
        if try decoder.container(keyedBy: LoginKey.self).contains(.loginID) {
            self = .login(try LoginState(from: decoder))
        } else {
            self = .answer(try Answer(from: decoder))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .answer(let answer): try answer.encode(to: encoder)
        case .login(let login): try login.encode(to: encoder)
        }
    }

    private enum LoginKey: String, CodingKey {
        case loginID = "login_id"
    }
}
