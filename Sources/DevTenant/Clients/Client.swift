/// An application registered with the tenant.
package struct Client: Sendable {
    /// How an application proves who it is at `/oauth/token`, `/oauth/revoke` and `/passwordless/start`.
    package enum Authentication: Sendable {
        case none
        case secretPost(String)
        case secretBasic(String)
        /// A public key in PEM, and the one algorithm assertions may be signed with.
        case privateKeyJWT(publicKeyPEM: String, algorithm: AssertionAlgorithm)

        var isConfidential: Bool {
            if case .none = self { false } else { true }
        }
    }

    package var id: String
    package var authentication: Authentication
    package var grants: Set<Grant>
    package var connections: Set<String>
    package var refreshTokens: RefreshTokenPolicy
    /// "Trust Token Endpoint IP Header": only with this, and only authenticated, does `auth0-forwarded-for` count.
    package var trustsForwardedFor: Bool

    package init(
        id: String = "postern-dev",
        authentication: Authentication = .none,
        grants: Set<Grant> = Set(Grant.allCases),
        connections: Set<String> = ["email", "sms"],
        refreshTokens: RefreshTokenPolicy = RefreshTokenPolicy(),
        trustsForwardedFor: Bool = false
    ) {
        self.id = id
        self.authentication = authentication
        self.grants = grants
        self.connections = connections
        self.refreshTokens = refreshTokens
        self.trustsForwardedFor = trustsForwardedFor
    }
}
