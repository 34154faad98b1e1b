import Auth0
import PosternProtocol

/// A second factor that the tenant wants: the token that stands for what waits for it, and the ways to prove it.
struct SecondFactor: Sendable {
    /// The `mfa_token`, or an access token of the MFA API. In memory only, and with its login gone.
    let token: Secret
    let authenticators: [Authenticator]
    /// The types of factors that may be set up, because none is; empty where that is not the question.
    let enrollable: [String]

    /// All that a tenant can offer when it does not say what it does.
    static let allTypes: [Factor.Kind] = [.otp, .phone, .push, .email]

    var factors: [Factor] { authenticators.map(Factor.init) }

    /// The one factor there is, a recovery code not counted: that is for when the others are lost.
    var only: Authenticator? {
        let others = authenticators.filter { $0.kind != .recoveryCode }
        return others.count <= 1 ? others.first ?? authenticators.first : nil
    }
}

extension Factor {
    init(_ authenticator: Authenticator) {
        let (type, channel): (Kind, String?) =
            switch authenticator.kind {
            case .otp: (.otp, nil)
            case .sms: (.phone, "sms")
            case .voice: (.phone, "voice")
            case .email: (.email, "email")
            case .push: (.push, nil)
            case .recoveryCode: (.recoveryCode, nil)
            }
        self.init(id: authenticator.id, type: type, channel: channel, name: authenticator.name)
    }
}

extension MFAEnrollment {
    /// - Throws: -32602 for a type that cannot be set up, an unknown channel, or an address that is missing or plainly wrong.
    init(_ request: AnswerLogin.Enrollment, profile: String) throws(AgentError) {
        func invalid(_ message: String, missing: String? = nil) -> AgentError {
            AgentError(.invalidParams, message) { data in
                data.profile = profile
                data.missing = missing.map { [$0] }
            }
        }
        func address(_ text: String?, _ name: String, of connection: String) throws(AgentError) -> String {
            guard let text = text?.trimmed, !text.isEmpty else {
                throw invalid("\(name) is missing: where shall the code be sent?", missing: name)
            }
            if let problem = PasswordlessStart.problem(with: text, connection: connection) {
                throw invalid("\(name) \(problem).", missing: name)
            }
            return text
        }
        switch (Factor.Kind(rawValue: request.type), request.channel) {
        case (.otp, nil): self = .otp
        case (.push, nil): self = .push
        case (.phone, nil), (.phone, "sms"):
            self = .sms(try address(request.phoneNumber, "phone_number", of: "sms"))
        case (.phone, "voice"):
            self = .voice(try address(request.phoneNumber, "phone_number", of: "sms"))
        case (.email, nil), (.email, "email"):
            self = .email(try address(request.email, "email", of: "email"))
        case (nil, _), (.recoveryCode, _):
            throw invalid("type is one of otp, phone, push-notification and email.")
        default:
            throw invalid("channel is sms or voice, for a phone.")
        }
    }

    /// How a code reaches the person; nil if none is sent.
    var channel: String? {
        switch self {
        case .otp, .push: nil
        case .sms: "sms"
        case .voice: "voice"
        case .email: "email"
        }
    }

    var address: String? {
        switch self {
        case .otp, .push: nil
        case .sms(let address), .voice(let address), .email(let address): address
        }
    }
}
