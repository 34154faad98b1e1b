import FoundationEssentials

/// What an access token says about itself, if it is a JWT. Nothing vouches for it here: whoever it is for verifies it. To others it is opaque (RFC 9068,
/// section 6).
package enum UnverifiedAccessToken {
    /// The audiences it is for; nil for an opaque token.
    package static func audiences(_ token: Secret) -> [String]? {
        struct Claims: Decodable {
            var aud: IDTokenClaims.Audiences
        }
        // What does not decode is opaque.
        return JWTParts.payload(of: token).flatMap { try? JSONDecoder().decode(Claims.self, from: Data($0)) }?
            .aud.values
    }
}
