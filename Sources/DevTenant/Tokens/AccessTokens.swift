import Foundation

/// The access tokens, for the endpoints that are asked with one: `/userinfo` and the MFA API.
struct AccessTokens: Sendable {
    struct Grant: Sendable {
        let authorization: Authorization
        /// The token's own, which a multi-resource refresh token may have chosen.
        let audience: String?
        let scopes: Set<String>
        let expires: Date
    }

    private var grants: [String: Grant] = [:]

    mutating func add(_ token: String, _ grant: Grant) {
        grants[token] = grant
    }

    func find(_ token: String, now: Date) -> Grant? {
        guard let grant = grants[token], now < grant.expires else { return nil }
        return grant
    }
}
