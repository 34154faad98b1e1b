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

    init?(path: String) {
        switch path {
        case "/passwordless/start": self = .start
        case "/oauth/token": self = .token
        case "/oauth/revoke": self = .revoke
        case "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server": self = .discovery
        case "/.well-known/jwks.json": self = .keys
        case "/userinfo": self = .userinfo
        case "/passwordless/verify_redirect", "/passwordless/verify-redirect": self = .link
        default: return nil
        }
    }

    var methods: Set<String> {
        switch self {
        case .start, .token, .revoke: ["POST"]
        case .discovery, .keys, .link: ["GET"]
        case .userinfo: ["GET", "POST"]
        }
    }
}
