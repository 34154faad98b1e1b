import FoundationEssentials
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
        // What cannot be read is as good as expired.
        try? DefaultJWTParser().parse(Array(token.revealed.utf8), as: Self.self).payload.exp
    }

    /// Whom a token is about that was verified when it was stored, as the tenant wrote it; nil if it cannot be read.
    package static func subject(ofVerified token: Secret) -> String? {
        struct Subject: Decodable {
            var sub: String
        }
        // What cannot be read says nothing.
        return json(ofVerified: token).flatMap { try? JSONDecoder().decode(Subject.self, from: Data($0)).sub }
    }

    /// All claims of a token that was verified when it was stored, as JSON; nil if they cannot be read.
    package static func json(ofVerified token: Secret) -> [UInt8]? {
        JWTParts.payload(of: token)
    }
}

/// The pieces of a JWT in its compact form (RFC 7519, section 3), with nothing verified.
enum JWTParts {
    static func payload(of token: Secret) -> [UInt8]? {
        let parts = token.revealed.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        let base64 = parts[1].replacing("-", with: "+").replacing("_", with: "/")
        let padding = String(repeating: "=", count: (4 - base64.count % 4) % 4)
        return Data(base64Encoded: base64 + padding).map(Array.init)
    }
}
