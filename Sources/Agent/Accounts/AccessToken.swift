import Auth0
import Crypto
import FoundationEssentials

/// What an access token was asked for: the key under which it is kept. A token is never handed out for another key, not even for a narrower one.
struct TokenKey: Codable, Hashable, Sendable {
    /// Nil is the profile's default audience.
    var audience: String?
    /// The requested scopes, sorted; nil is all that was signed in for.
    var scope: [String]?

    static let standard = TokenKey()

    /// The key of a request, with what equals the profile's default left out.
    init(audience: String? = nil, scope: String? = nil, of profile: Profile? = nil) {
        self.audience = audience == profile?.audience ? nil : audience
        let requested = scope.map { Set($0.split(separator: " ").map(String.init)) }
        let standard = profile.map { Set($0.scope.split(separator: " ").map(String.init)) }
        self.scope = requested == nil || requested == standard ? nil : requested?.sorted()
    }
}

/// An access token with what is known about it.
struct AccessToken: Codable, Equatable, Sendable {
    var key: TokenKey
    var value: Secret
    /// The scopes granted, as the tenant said or, if it did not, as requested.
    var scope: String
    var issuedAt: Int
    var expiresAt: Int

    private enum CodingKeys: String, CodingKey {
        case key
        case value = "access_token"
        case scope
        case issuedAt = "issued_at"
        case expiresAt = "expires_at"
    }

    /// Seconds.
    var lifetime: Int { expiresAt - issuedAt }

    func secondsLeft(at now: Date) -> Int {
        expiresAt - now.unixTime
    }

    /// Lower-case hexadecimal SHA-256, by which a caller names a token that a server refused.
    var hash: String {
        SHA256.hash(data: Array(value.revealed.utf8)).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    /// The default `min_ttl` must never make a short-lived token useless, so it counts as a quarter of the token's lifetime at most.
    func standardMinTTL(_ configured: Int) -> Int {
        min(configured, lifetime / 4)
    }

    /// When a refresh ahead is due, by the profile's margin and without jitter.
    func refreshDue(margin: Int) -> Int {
        expiresAt - min(margin, lifetime / 4)
    }
}
