/// One way in which a person can prove who they are a second time.
package struct Authenticator: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        case otp
        case sms
        case voice
        case email
        /// Guardian, on the channel `auth0`.
        case push
        case recoveryCode = "recovery-code"

        /// `authenticator_type`, which is also the challenge type.
        var type: String {
            switch self {
            case .otp: "otp"
            case .recoveryCode: "recovery-code"
            case .sms, .voice, .email, .push: "oob"
            }
        }

        /// `oob_channel`; nil for what has none.
        var channel: String? {
            switch self {
            case .otp, .recoveryCode: nil
            case .push: "auth0"
            case .sms, .voice, .email: rawValue
            }
        }

        /// The name customizable MFA gives it: `type` in lists and requirements.
        var factor: String {
            switch self {
            case .sms, .voice: "phone"
            case .push: "push-notification"
            case .otp, .email, .recoveryCode: rawValue
            }
        }

        /// What its identifiers begin with.
        var prefix: String { self == .otp ? "totp" : rawValue }

        init?(channel: String) {
            guard let kind = Self.allCases.first(where: { $0.channel == channel }) else { return nil }
            self = kind
        }
    }

    package var kind: Kind
    /// What it works with: a phone number, an e-mail address, a TOTP secret in base32, a recovery code; empty for push.
    package var value: String
    /// The tail of the identifier: `sms` and `voice` of one phone share it, and so do `push` and `totp` of one app.
    package var device: String
    /// False until its enrolment is confirmed.
    package var isActive: Bool
    /// As lists show it, so masked.
    package var name: String?

    /// The step of the last one-time password that was taken.
    var lastStep: Int?
    /// The MFA token or access token that may confirm the enrolment.
    var enrolledWith: String?

    package var id: String { "\(kind.prefix)|\(device)" }

    /// What is not given is made up: a device, a masked name, a secret or a recovery code.
    package init(
        _ kind: Kind, _ value: String? = nil, isActive: Bool = true, device: String? = nil, name: String? = nil
    ) {
        self.kind = kind
        self.value =
            switch kind {
            case .otp: value ?? TOTP.newSecret()
            case .recoveryCode: value ?? RandomText.recoveryCode()
            case .email: (value ?? "").lowercased()
            case .sms, .voice: value ?? ""
            case .push: ""
            }
        self.device = device ?? "dev_" + RandomText.alphanumeric(16)
        self.isActive = isActive
        self.name = name ?? Self.maskedName(kind, self.value)
    }

    /// As recorded: `XXXXXXXXX9167`, `****@exam*******`, `example******@gmai*****`.
    private static func maskedName(_ kind: Kind, _ value: String) -> String? {
        switch kind {
        case .sms, .voice:
            return String(repeating: "X", count: max(0, value.count - 4)) + value.suffix(4)
        case .email:
            let parts = value.split(separator: "@", maxSplits: 1)
            guard let local = parts.first, let domain = parts.dropFirst().first else { return nil }
            let shown = local.count > 4 ? (local.count + 1) / 2 : 0
            return masked(local, shown: shown) + "@" + masked(domain, shown: 4)
        case .otp, .push, .recoveryCode:
            return nil
        }
    }

    private static func masked(_ text: Substring, shown: Int) -> String {
        text.prefix(shown) + String(repeating: "*", count: max(0, text.count - shown))
    }
}

extension Authenticator {
    /// Reads `{"kind", "value", "active", "device", "name"}`, all but the kind optional.
    init?(_ json: JSON) {
        guard let kind = json["kind"]?.string.flatMap(Kind.init(rawValue:)) else { return nil }
        self.init(
            kind, json["value"]?.string, isActive: json["active"] != false, device: json["device"]?.string,
            name: json["name"]?.string)
    }
}
