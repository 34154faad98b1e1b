import OutsideInput

/// The claims of an ID token that the agent reads (OpenID Connect Core, section 2).
package struct IDTokenClaims: Decodable, Equatable, Sendable {
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

    /// One audience or several.
    package struct Audiences: Decodable, Equatable, Sendable {
        package var values: [String]

        package init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let one = try? container.decode(String.self) {  // not a string: then it must be an array
                values = [one]
            } else {
                values = try container.decode([String].self)
            }
        }
    }
}

extension IDTokenClaims {
    /// The expiry of a token that was verified when it was stored, Unix seconds; nil if it cannot be read.
    package static func expiry(ofVerified token: Secret) -> Double? {
        // What cannot be read is as good as expired.
        guard let parts = JWTParts(token) else { return nil }
        return (try? TenantJSON.decode(Self.self, from: parts.payload))?.expiry
    }

    /// Whether a text can be a `sub`. OpenID Connect Core, section 2, allows 255 characters; Auth0's have some 30, and a longer one would have no room in
    /// the keyring's record.
    package static func isSubject(_ sub: String) -> Bool {
        (1...1024).contains(sub.utf8.count)
    }

    /// Whom a token is about that was verified when it was stored, as the tenant wrote it; nil if it cannot be read.
    package static func subject(ofVerified token: Secret) -> String? {
        struct Subject: Decodable {
            var sub: String
        }
        // What cannot be read says nothing.
        return JWTParts(token).flatMap { try? TenantJSON.decode(Subject.self, from: $0.payload).sub }
    }

    /// All claims of a token that was verified when it was stored, as JSON; nil if they cannot be read.
    package static func json(ofVerified token: Secret) -> [UInt8]? {
        guard let payload = JWTParts(token)?.payload, JSONShape.isAcceptable(payload) else { return nil }
        return payload
    }

    /// `exp`, Unix seconds; nil if it is none of a time that there can be.
    var expiry: Double? { exp.flatMap { Self.times.contains($0) ? $0 : nil } }

    static let times = Double(Bounded.times.lowerBound)...Double(Bounded.times.upperBound)
}
