import Foundation

/// What a person has allowed a client: the same for the first tokens and for all that a refresh token brings later.
struct Authorization: Sendable {
    let clientID: String
    let userID: String
    /// Nil: no API, so the access token is opaque and good for `/userinfo` alone.
    let audience: String?
    /// In the order they were asked for.
    let scopes: [String]
    /// When the person proved who they are.
    let authenticated: Date
}
