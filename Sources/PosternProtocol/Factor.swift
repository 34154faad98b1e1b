/// An authenticator that a person has enrolled, as the tenant lists it.
package struct Factor: Codable, Equatable, Sendable {
    /// The tenant's identifier, such as `totp|dev_…`.
    package var id: String
    package var type: Kind
    /// How a code reaches the person: `sms`, `voice` or `email`.
    package var channel: String?
    /// A masked number or address, or a device's name.
    package var name: String?

    package enum Kind: String, Codable, Sendable {
        case otp, phone, email
        case push = "push-notification"
        case recoveryCode = "recovery-code"
    }

    package init(id: String, type: Kind, channel: String? = nil, name: String? = nil) {
        self.id = id
        self.type = type
        self.channel = channel
        self.name = name
    }
}
