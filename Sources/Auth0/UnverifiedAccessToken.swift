/// What an access token says about itself, if it is a JWT. Nothing vouches for it here: whoever it is for verifies it. To others it is opaque (RFC 9068,
/// section 6).
package enum UnverifiedAccessToken {
    /// The audiences it is for; nil for an opaque token.
    package static func audiences(_ token: Secret) -> [String]? {
        struct Claims: Decodable {
            var aud: IDTokenClaims.Audiences
        }
        // What does not decode is opaque. An access token has no limit of its own but the answer's.
        guard let parts = JWTParts(token, limit: HTTPTransport.answerLimit) else { return nil }
        return (try? TenantJSON.decode(Claims.self, from: parts.payload))?.aud.values
    }
}
