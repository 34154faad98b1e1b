import FoundationEssentials

/// The token endpoint's answer to a grant that succeeded (RFC 6749, section 5.1; OpenID Connect Core, section 3.1.3.3).
package struct TokenResponse: Sendable {
    package var accessToken: Secret
    /// Seconds from the arrival of the answer.
    package var expiresIn: Int
    /// Nil if the tenant did not say, which means: as requested.
    package var scope: String?
    /// Nil if none was granted or the one in use stays valid. An empty one counts as absent, as in Auth0's own SDKs.
    package var refreshToken: Secret?
    package var idToken: Secret?
    /// The recovery code that takes the place of the one just used, to be shown to the person at once.
    package var recoveryCode: Secret?

    /// The answer breaks the protocol. A refresh token in it is valid all the same, and may be the only one left.
    struct Malformed: Error {
        var reason: String
        var refreshToken: Secret?
    }

    /// A year, in seconds. A token said to live longer is taken for a mistake.
    package static let longestLifetime = 31_622_400

    init(json: [UInt8]) throws(Malformed) {
        let raw: Raw
        do {
            raw = try JSONDecoder().decode(Raw.self, from: Data(json))
        } catch {
            // The rotated token may be readable though another member is not; if it is not either, there is nothing to save.
            let rotated = try? JSONDecoder().decode(RefreshTokenAlone.self, from: Data(json))
            throw Malformed(
                reason: "the token response has values of the wrong type",
                refreshToken: rotated.map { Secret($0.refreshToken) })
        }
        let refreshToken = raw.refreshToken.flatMap { $0.isEmpty ? nil : Secret($0) }
        func require<T>(_ value: T?, _ reason: String) throws(Malformed) -> T {
            guard let value else { throw Malformed(reason: reason, refreshToken: refreshToken) }
            return value
        }
        let token = try require(
            raw.accessToken.flatMap { $0.isEmpty ? nil : $0 }, "the token response has no access_token")
        let type = try require(raw.tokenType, "the token response has no token_type")
        _ = try require(type.lowercased() == "bearer" ? type : nil, "the token_type is not Bearer")
        let lifetime = try require(raw.expiresIn?.seconds, "the token response has no expires_in that is a number")
        expiresIn = try require(
            (1...Self.longestLifetime).contains(lifetime) ? lifetime : nil,
            "the token response's expires_in is not between one second and a year")
        accessToken = Secret(token)
        scope = raw.scope
        self.refreshToken = refreshToken
        idToken = raw.idToken.flatMap { $0.isEmpty ? nil : Secret($0) }
        recoveryCode = (raw.recoveryCode?.value).flatMap { $0.isEmpty ? nil : Secret(TenantText.printable($0)) }
    }

    private struct Raw: Decodable {
        var accessToken: String?
        var tokenType: String?
        var expiresIn: Lifetime?
        var scope: String?
        var refreshToken: String?
        var idToken: String?
        var recoveryCode: Lenient<String>?

        enum CodingKeys: String, CodingKey {
            case accessToken = "access_token"
            case tokenType = "token_type"
            case expiresIn = "expires_in"
            case scope
            case refreshToken = "refresh_token"
            case idToken = "id_token"
            case recoveryCode = "recovery_code"
        }
    }

    private struct RefreshTokenAlone: Decodable {
        var refreshToken: String

        enum CodingKeys: String, CodingKey {
            case refreshToken = "refresh_token"
        }
    }

    /// A JSON number on the live service; some servers and tests send it as a string or with a fraction.
    private struct Lifetime: Decodable {
        var seconds: Int?

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            // A failed try means: not of that type; the next one is asked.
            let number =
                (try? container.decode(Double.self)) ?? (try? container.decode(String.self)).flatMap { Double($0) }
            seconds = number.flatMap { Int(exactly: $0.rounded(.down)) }
        }
    }
}
