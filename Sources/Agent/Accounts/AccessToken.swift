import Auth0
import Crypto
import FoundationEssentials
import OutsideInput

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
        guard let scope else { return }
        let requested = Self.scopes(scope)
        // Without a scope another audience gives all that its policies allow, which may be more than the profile's.
        let isStandard = self.audience == nil && requested == profile.map { Self.scopes($0.scope) }
        self.scope = isStandard ? nil : requested.sorted()
    }

    private static func scopes(_ text: String) -> Set<String> {
        Set(text.split(separator: " ").map(String.init))
    }
}

/// An access token with what is known about it. Its times are of the agent's own time (``AgentClock/now``).
struct AccessToken: Codable, Equatable, Sendable {
    var key: TokenKey
    var value: Secret
    /// The scopes granted, as the tenant said or, if it did not, as requested.
    var scope: String
    /// When it was asked for, which is not later than the tenant issued it.
    var issuedAt: Int
    /// When it arrived.
    var receivedAt: Int
    var expiresAt: Int

    private enum CodingKeys: String, CodingKey {
        case key
        case value = "access_token"
        case scope
        case issuedAt = "issued_at"
        case receivedAt = "received_at"
        case expiresAt = "expires_at"
    }

    /// Whether its times are possible and in order; a record that any program may have written is asked.
    var isSound: Bool {
        [issuedAt, receivedAt, expiresAt].allSatisfy(RecordTime.range.contains) && issuedAt <= receivedAt
            && (1...TokenResponse.longestLifetime).contains(lifetime)
    }

    /// Seconds.
    var lifetime: Int { expiresAt - issuedAt }

    /// The longest that a token of this kind can still live when it is handed out, seconds.
    var longestTTL: Int { expiresAt - receivedAt }

    func secondsLeft(at now: Date) -> Int {
        expiresAt - now.unixTime
    }

    mutating func shiftTimes(by seconds: Int) {
        issuedAt += seconds
        receivedAt += seconds
        expiresAt += seconds
    }

    /// - Parameter standardScope: what was signed in for, in case the tenant does not say what it granted.
    init(key: TokenKey, _ response: TokenResponse, standardScope: String, sentAt: Date, receivedAt: Date) {
        self.key = key
        value = response.accessToken
        scope = TenantScope.cut(
            response.scope ?? key.scope?.joined(separator: " ") ?? standardScope, keeping: key.scope ?? [])
        issuedAt = sentAt.unixTime
        self.receivedAt = receivedAt.unixTime
        expiresAt = sentAt.unixTime + response.expiresIn
    }

    /// Lower-case hexadecimal SHA-256, by which a caller names a token that a server refused.
    var hash: String {
        SHA256.hash(data: Array(value.revealed.utf8)).hexadecimal
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
