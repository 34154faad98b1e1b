/// How the application proves itself to the token endpoint (Auth0: "Authentication methods"; OpenID Connect Core, section 9).
package enum ClientAuthentication: Sendable {
    /// A public client, which every installed application is: `client_id` alone (RFC 8252, section 8.5).
    case none
    case secretPost(Secret)
    case secretBasic(Secret)
    /// A signed assertion; the key is PEM (RFC 7523).
    case privateKeyJWT(Secret)

    /// Whether the tenant may trust `auth0-forwarded-for`: only a call that carries the client's secret (Auth0: "Using Passwordless APIs").
    package var carriesSecret: Bool {
        switch self {
        case .secretPost, .secretBasic: true
        case .none, .privateKeyJWT: false
        }
    }
}
