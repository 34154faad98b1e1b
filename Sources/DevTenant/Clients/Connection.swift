/// A connection people sign in through.
package struct Connection: Sendable {
    /// What kind of connection it is; the first two are passwordless.
    package enum Strategy: String, Sendable {
        case email
        case sms
        /// A database of passwords: refused by `/passwordless/start`.
        case database = "auth0"
    }

    package var name: String
    package var strategy: Strategy
    package var isEnabled: Bool
    package var allowsSignUp: Bool

    package init(name: String, strategy: Strategy, isEnabled: Bool = true, allowsSignUp: Bool = true) {
        self.name = name
        self.strategy = strategy
        self.isEnabled = isEnabled
        self.allowsSignUp = allowsSignUp
    }

    package static let email = Connection(name: "email", strategy: .email)
    package static let sms = Connection(name: "sms", strategy: .sms)
}
