/// A resource server: what an access token's audience names.
package struct API: Sendable {
    package var identifier: String
    package var scopes: Set<String>
    package var allowsOfflineAccess: Bool
    /// Seconds its access tokens live; nil takes the tenant's own.
    package var tokenLifetime: Int?

    package init(
        identifier: String = "https://api.example.com",
        scopes: Set<String> = ["read:messages", "write:messages"],
        allowsOfflineAccess: Bool = true,
        tokenLifetime: Int? = nil
    ) {
        self.identifier = identifier
        self.scopes = scopes
        self.allowsOfflineAccess = allowsOfflineAccess
        self.tokenLifetime = tokenLifetime
    }
}
