import Foundation

/// A person known to the tenant.
struct User: Sendable {
    /// The record's 24 hexadecimal digits: `_id` in the answer of `/passwordless/start`, and the tail of `sub`.
    let id: String
    let address: Address
    /// A profile comes to be with the first right code, not with the first message.
    var hasSignedUp = false
    /// Blocked by an administrator.
    var isBlocked = false
    /// What a post-login Action says in refusing this person.
    var denial: String?
    /// Failed logins since the last successful one; enough of them and brute-force protection blocks the person.
    var failures = 0
    var created: Date
    var authenticators: [Authenticator] = []
    /// Takes the place of the tenant's own policy.
    var mfaPolicy: MFAPolicy?
    /// What a post-challenge Action says in refusing this person.
    var challengeDenial: String?

    /// Whether there is a factor to ask for; a recovery code is none.
    var isEnrolled: Bool { authenticators.contains { $0.isActive && $0.kind != .recoveryCode } }

    /// The identifier that a custom database or a federated connection gave; nil is the tenant's own.
    var customSubject: String?

    var subject: String { customSubject ?? "\(address.strategy.rawValue)|\(id)" }

    /// The claims that the scopes let a client see, as ID tokens and `/userinfo` carry them.
    ///
    /// The sources do not settle which scope shows the phone number of an sms user; here `phone` and `profile` both do.
    func claims(for scopes: Set<String>) -> [String: JSON] {
        var claims: [String: JSON] = ["sub": .string(subject)]
        if scopes.contains("profile") {
            claims["name"] = .string(address.value)
            claims["nickname"] = .string(String(address.value.prefix { $0 != "@" }))
            claims["picture"] = .string("https://s.gravatar.com/avatar/\(id)?s=480&r=pg")
            claims["updated_at"] = .string(created.formatted(.iso8601))
        }
        if scopes.contains("email"), address.strategy == .email {
            claims["email"] = .string(address.value)
            claims["email_verified"] = true
        }
        if !scopes.isDisjoint(with: ["phone", "profile"]), address.strategy == .sms {
            claims["phone_number"] = .string(address.value)
            claims["phone_number_verified"] = true
        }
        return claims
    }
}
