import Foundation

/// The access tokens that `/userinfo` may be asked with.
struct AccessTokens: Sendable {
    struct Grant: Sendable {
        let userID: String
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
