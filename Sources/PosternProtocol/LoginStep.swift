/// What a login waits for, or how it ended. On the wire an object whose `kind` names the case and whose other members are the case's value.
package indirect enum LoginStep: Equatable, Sendable {
    case code(Code)
    case link(Link)
    case chooseFactor(ChooseFactor)
    case factorCode(FactorCode)
    case push(Push)
    case recoveryCode(RecoveryCode)
    case enroll(Enroll)
    case enrollConfirm(EnrollConfirm)
    case signedIn(SignedIn)
    case failed(AgentError)

    /// A one-time code was sent and is to be typed in.
    package struct Code: Codable, Equatable, Sendable {
        /// The connection it went through: `email`, `sms` or a custom one's name.
        package var channel: String
        /// The masked address.
        package var sentTo: String
        /// From when on another code may be asked for.
        package var resendAt: UnixTime
        /// Assumed from Auth0's default of 180 s; the tenant decides.
        package var codeExpiresAt: UnixTime

        package init(channel: String, sentTo: String, resendAt: UnixTime, codeExpiresAt: UnixTime) {
            self.channel = channel
            self.sentTo = sentTo
            self.resendAt = resendAt
            self.codeExpiresAt = codeExpiresAt
        }

        private enum CodingKeys: String, CodingKey {
            case channel
            case sentTo = "sent_to"
            case resendAt = "resend_at"
            case codeExpiresAt = "code_expires_at"
        }
    }

    /// A link was sent and is to be opened.
    package struct Link: Codable, Equatable, Sendable {
        package var sentTo: String

        package init(sentTo: String) {
            self.sentTo = sentTo
        }

        private enum CodingKeys: String, CodingKey {
            case sentTo = "sent_to"
        }
    }

    /// One of several factors is to be picked.
    package struct ChooseFactor: Codable, Equatable, Sendable {
        package var factors: [Factor]

        package init(factors: [Factor]) {
            self.factors = factors
        }
    }

    /// A factor's code is to be typed in.
    package struct FactorCode: Codable, Equatable, Sendable {
        package var factor: Factor
        /// The masked address, if the code was sent to one.
        package var sentTo: String?
        package var resendAt: UnixTime?
        /// All that can be chosen: the way back.
        package var factors: [Factor]?

        package init(factor: Factor, sentTo: String? = nil, resendAt: UnixTime? = nil, factors: [Factor]? = nil) {
            self.factor = factor
            self.sentTo = sentTo
            self.resendAt = resendAt
            self.factors = factors
        }

        private enum CodingKeys: String, CodingKey {
            case factor
            case sentTo = "sent_to"
            case resendAt = "resend_at"
            case factors
        }
    }

    /// A push notification waits to be approved on the person's device.
    package struct Push: Codable, Equatable, Sendable {
        package var factor: Factor
        /// All that can be chosen: the way back.
        package var factors: [Factor]?

        package init(factor: Factor, factors: [Factor]? = nil) {
            self.factor = factor
            self.factors = factors
        }
    }

    /// A recovery code is to be typed in.
    package struct RecoveryCode: Codable, Equatable, Sendable {
        /// All that can be chosen: the way back.
        package var factors: [Factor]?

        package init(factors: [Factor]? = nil) {
            self.factors = factors
        }
    }

    /// Nothing is enrolled: a factor of one of these types is to be set up.
    package struct Enroll: Codable, Equatable, Sendable {
        package var types: [String]

        package init(types: [String]) {
            self.types = types
        }
    }

    /// The new factor is to be confirmed. Secrets stand only in the answer to the call that produced them.
    package struct EnrollConfirm: Codable, Equatable, Sendable {
        package var type: String
        package var secret: String?
        package var uri: String?
        package var channel: String?
        package var recoveryCodes: [String]?
        /// The masked address that the code was sent to.
        package var sentTo: String?
        package var resendAt: UnixTime?
        /// All that can be enrolled: the way back. Absent where one factor alone was to be enrolled.
        package var types: [String]?

        package init(
            type: String, secret: String? = nil, uri: String? = nil, channel: String? = nil,
            recoveryCodes: [String]? = nil
        ) {
            self.type = type
            self.secret = secret
            self.uri = uri
            self.channel = channel
            self.recoveryCodes = recoveryCodes
        }

        private enum CodingKeys: String, CodingKey {
            case type, secret, uri, channel
            case recoveryCodes = "recovery_codes"
            case sentTo = "sent_to"
            case resendAt = "resend_at"
            case types
        }
    }

    /// Done: the profile serves tokens.
    package struct SignedIn: Codable, Equatable, Sendable {
        package var account: Account
        /// When the access token expires.
        package var expiresAt: UnixTime
        /// Whether the tenant gave a refresh token.
        package var refreshable: Bool
        package var recoveryCode: String?
        package var recoveryCodes: [String]?

        package init(account: Account, expiresAt: UnixTime, refreshable: Bool) {
            self.account = account
            self.expiresAt = expiresAt
            self.refreshable = refreshable
        }

        private enum CodingKeys: String, CodingKey {
            case account
            case expiresAt = "expires_at"
            case refreshable
            case recoveryCode = "recovery_code"
            case recoveryCodes = "recovery_codes"
        }
    }
}

extension LoginStep: Codable {
    private enum CodingKeys: String, CodingKey {
        case kind
    }

    private enum Kind: String, Codable {
        case code, link
        case chooseFactor = "choose_factor"
        case factorCode = "factor_code"
        case push
        case recoveryCode = "recovery_code"
        case enroll
        case enrollConfirm = "enroll_confirm"
        case signedIn = "signed_in"
        case failed
    }

    package init(from decoder: any Decoder) throws {
        self =
            switch try decoder.container(keyedBy: CodingKeys.self).decode(Kind.self, forKey: .kind) {
            case .code: .code(try Code(from: decoder))
            case .link: .link(try Link(from: decoder))
            case .chooseFactor: .chooseFactor(try ChooseFactor(from: decoder))
            case .factorCode: .factorCode(try FactorCode(from: decoder))
            case .push: .push(try Push(from: decoder))
            case .recoveryCode: .recoveryCode(try RecoveryCode(from: decoder))
            case .enroll: .enroll(try Enroll(from: decoder))
            case .enrollConfirm: .enrollConfirm(try EnrollConfirm(from: decoder))
            case .signedIn: .signedIn(try SignedIn(from: decoder))
            case .failed: .failed(try AgentError(from: decoder))
            }
    }

    package func encode(to encoder: any Encoder) throws {
        let (kind, value): (Kind, any Encodable) =
            switch self {
            case .code(let value): (.code, value)
            case .link(let value): (.link, value)
            case .chooseFactor(let value): (.chooseFactor, value)
            case .factorCode(let value): (.factorCode, value)
            case .push(let value): (.push, value)
            case .recoveryCode(let value): (.recoveryCode, value)
            case .enroll(let value): (.enroll, value)
            case .enrollConfirm(let value): (.enrollConfirm, value)
            case .signedIn(let value): (.signedIn, value)
            case .failed(let value): (.failed, value)
            }
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(kind, forKey: .kind)
        try value.encode(to: encoder)
    }
}
