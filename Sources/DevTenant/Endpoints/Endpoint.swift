/// The tenant's endpoints, under the names that tests, faults and records use.
package enum Endpoint: String, Sendable, Codable, CaseIterable {
    case start
    case token
    case revoke
    case discovery
    case keys
    case userinfo
    /// What a magic link points to.
    case link
    /// The list of authenticators.
    case authenticators
    /// A single authenticator, to be deleted.
    case authenticator
    case challenge
    case associate

    /// What the path of ``authenticator`` begins with; the percent-encoded identifier follows.
    static let authenticatorPrefix = "/mfa/authenticators/"

    init?(path: String) {
        switch path {
        case "/passwordless/start": self = .start
        case "/oauth/token": self = .token
        case "/oauth/revoke": self = .revoke
        case "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server": self = .discovery
        case "/.well-known/jwks.json": self = .keys
        case "/userinfo": self = .userinfo
        case "/passwordless/verify_redirect", "/passwordless/verify-redirect": self = .link
        case "/mfa/authenticators": self = .authenticators
        case "/mfa/challenge": self = .challenge
        case "/mfa/associate": self = .associate
        case _ where path.hasPrefix(Self.authenticatorPrefix): self = .authenticator
        default: return nil
        }
    }

    var methods: Set<String> {
        switch self {
        case .start, .token, .revoke, .challenge, .associate: ["POST"]
        case .discovery, .keys, .link, .authenticators: ["GET"]
        case .authenticator: ["DELETE"]
        case .userinfo: ["GET", "POST"]
        }
    }
}
