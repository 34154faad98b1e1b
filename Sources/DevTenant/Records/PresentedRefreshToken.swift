/// What a refresh token was at the moment it was presented.
package struct PresentedRefreshToken: Sendable, Hashable, Codable {
    package let family: String
    /// 0 for the token of the sign-in, one more with each rotation.
    package let generation: Int
    /// The newest generation of the family.
    package let latest: Int
}
