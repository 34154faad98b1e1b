import FoundationEssentials

/// A factor that a person has enrolled, as `GET /mfa/authenticators` lists it.
package struct Authenticator: Equatable, Sendable {
    package enum Kind: Equatable, Sendable, CaseIterable {
        case otp, sms, voice, email
        /// Auth0 Guardian, whose channel is called `auth0`.
        case push
        case recoveryCode

        /// As customizable MFA names it, in lists and requirements.
        package var factorType: String {
            switch self {
            case .otp: "otp"
            case .sms, .voice: "phone"
            case .email: "email"
            case .push: "push-notification"
            case .recoveryCode: "recovery-code"
            }
        }

        /// `authenticator_type`, which is also the type of its challenge.
        var authenticatorType: String {
            switch self {
            case .otp: "otp"
            case .sms, .voice, .email, .push: "oob"
            case .recoveryCode: "recovery-code"
            }
        }

        /// `oob_channel`; nil for what has none.
        var channel: String? {
            switch self {
            case .otp, .recoveryCode: nil
            case .sms: "sms"
            case .voice: "voice"
            case .email: "email"
            case .push: "auth0"
            }
        }
    }

    /// Such as `totp|dev_…`.
    package var id: String
    package var kind: Kind
    /// A masked number or address, or a device's name; printable.
    package var name: String?

    /// The active ones of a list, each once. Those of a kind that this client cannot prove (WebAuthn, Duo) are left out.
    ///
    /// The channel stands under `oob_channel` in recordings and under `oob_channels` in the API reference; `type` only with customizable MFA.
    ///
    /// - Returns: nil if the bytes are no list.
    static func list(json: [UInt8]) -> [Authenticator]? {
        // What does not decode is no list.
        guard let entries = try? TenantJSON.decode([Lenient<Entry>].self, from: json) else { return nil }
        var seen: Set<String> = []
        let active = entries.compactMap(\.value).filter { $0.active != false }.compactMap(\.authenticator)
        return Array(active.filter { seen.insert($0.id).inserted }.prefix(limit))
    }

    /// More than a person could choose from are left out.
    private static let limit = 100

    private struct Entry: Decodable {
        var id: String
        var authenticatorType: String
        var active: Bool?
        var channel: Lenient<Channel>?
        var channels: Lenient<Channel>?
        var name: Lenient<String>?

        enum CodingKeys: String, CodingKey {
            case id
            case authenticatorType = "authenticator_type"
            case active
            case channel = "oob_channel"
            case channels = "oob_channels"
            case name
        }

        var authenticator: Authenticator? {
            let channel = channel?.value?.name ?? channels?.value?.name
            let kind = Kind.allCases.first { $0.authenticatorType == authenticatorType && $0.channel == channel }
            // One that could not be shown could not be chosen.
            guard !id.isEmpty, id.utf8.elementsEqual(TenantText.printable(id).utf8) else { return nil }
            return kind.map { Authenticator(id: id, kind: $0, name: (name?.value).map(TenantText.printable)) }
        }
    }

    /// A name, or a list of one.
    struct Channel: Decodable {
        var name: String?

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let one = try? container.decode(String.self) {  // not a string: then it must be a list
                name = one
            } else {
                name = try container.decode([String].self).first
            }
        }
    }
}
