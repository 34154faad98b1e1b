/// `token.get`: a valid access token, from memory or by a refresh.
package struct GetToken: Request {
    package static let method = "token.get"

    package var profile: String?
    package var audience: String?
    /// Scopes separated by spaces, a subset of what was signed in for.
    package var scope: String?
    /// Seconds the token must at least still live.
    package var minTTL: Int?
    /// Seconds to wait at most for a refresh in progress.
    package var wait: Int?
    /// Lower-case hexadecimal SHA-256 of a token that a server refused.
    package var rejected: String?
    /// Refresh even if the cached token would do.
    package var force: Bool?
    /// Wait for a live login to finish.
    package var joinLogin: Bool?

    package init(profile: String? = nil) {
        self.profile = profile
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case profile, audience, scope
        case minTTL = "min_ttl"
        case wait, rejected, force
        case joinLogin = "join_login"
    }

    package struct Response: Codable, Equatable, Sendable {
        /// Where the token came from.
        package enum Source: String, Codable, Sendable {
            case cache, refresh, login
        }

        package var accessToken: String
        package var tokenType: String
        package var expiresAt: UnixTime
        /// Seconds from now.
        package var expiresIn: Int
        package var scope: String
        package var audience: String?
        package var profile: String
        package var from: Source

        package init(
            accessToken: String, tokenType: String, expiresAt: UnixTime, expiresIn: Int, scope: String,
            audience: String?, profile: String, from: Source
        ) {
            self.accessToken = accessToken
            self.tokenType = tokenType
            self.expiresAt = expiresAt
            self.expiresIn = expiresIn
            self.scope = scope
            self.audience = audience
            self.profile = profile
            self.from = from
        }

        private enum CodingKeys: String, CodingKey {
            case accessToken = "access_token"
            case tokenType = "token_type"
            case expiresAt = "expires_at"
            case expiresIn = "expires_in"
            case scope, audience, profile, from
        }
    }
}

/// `idtoken.get`: the ID token and its claims.
package struct GetIDToken: Request {
    package static let method = "idtoken.get"

    package var profile: String?

    package init(profile: String? = nil) {
        self.profile = profile
    }

    package enum CodingKeys: CodingKey, CaseIterable {
        case profile
    }

    package struct Response: Codable, Equatable, Sendable {
        package var idToken: String
        package var claims: JSONValue
        package var profile: String

        package init(idToken: String, claims: JSONValue, profile: String) {
            self.idToken = idToken
            self.claims = claims
            self.profile = profile
        }

        private enum CodingKeys: String, CodingKey {
            case idToken = "id_token"
            case claims, profile
        }
    }
}
