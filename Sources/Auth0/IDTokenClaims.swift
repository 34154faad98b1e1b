package import JWTKit

/// The claims of an ID token that the agent reads (OpenID Connect Core, section 2).
package struct IDTokenClaims: JWTPayload, Equatable {
    package var iss: String?
    package var sub: String?
    package var aud: Audiences?
    package var azp: String?
    package var exp: Double?
    package var iat: Double?
    package var nbf: Double?
    package var nonce: String?
    package var email: String?
    package var phoneNumber: String?
    package var name: String?

    private enum CodingKeys: String, CodingKey {
        case iss, sub, aud, azp, exp, iat, nbf, nonce, email
        case phoneNumber = "phone_number"
        case name
    }

    /// Rules are checked by ``IDTokenVerifier``, which knows the time and the client.
    package func verify(using algorithm: some JWTAlgorithm) throws {}

    /// One audience or several.
    package struct Audiences: Codable, Equatable, Sendable {
        package var values: [String]

        package init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let one = try? container.decode(String.self) {  // not a string: then it must be an array
                values = [one]
            } else {
                values = try container.decode([String].self)
            }
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(values)
        }
    }
}

extension IDTokenClaims {
    /// The expiry of a token that was verified when it was stored, Unix seconds; nil if it cannot be read.
    package static func expiry(ofVerified token: Secret) -> Double? {
        try? DefaultJWTParser().parse(Array(token.revealed.utf8), as: Self.self).payload.exp  // unreadable: as good as expired
    }
}
