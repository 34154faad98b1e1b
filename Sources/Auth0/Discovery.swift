/// The members of the tenant's discovery document that are looked at (OpenID Connect Discovery, section 3).
package struct Discovery: Decodable, Sendable {
    package var issuer: String
}
