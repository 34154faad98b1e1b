import OutsideInput

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
        var refreshToken: Secret? = nil
    }

    /// A year, in seconds. A token said to live longer is taken for a mistake.
    package static let longestLifetime = 31_622_400

    init(json: [UInt8]) throws(Malformed) {
        let raw: Raw
        do {
            raw = try TenantJSON.decode(Raw.self, from: json)
        } catch {
            // The rotated token may be readable though another member is not; if it is not either, there is nothing to save.
            let rotated = try? TenantJSON.decode(RefreshTokenAlone.self, from: json)
            throw Malformed(
                reason: "the token response has values of the wrong type",
                refreshToken: rotated.flatMap { Self.isRefreshToken($0.refreshToken) ? Secret($0.refreshToken) : nil })
        }
        let given = raw.refreshToken.flatMap { $0.isEmpty ? nil : $0 }
        // One that cannot be kept has still taken the place of the last: the answer is as good as unreadable.
        guard given.map(Self.isRefreshToken) ?? true else {
            throw Malformed(reason: "the token response's refresh_token is too long or has control characters")
        }
        let refreshToken = given.map { Secret($0) }
        func require<T>(_ value: T?, _ reason: String) throws(Malformed) -> T {
            guard let value else { throw Malformed(reason: reason, refreshToken: refreshToken) }
            return value
        }
        let token = try require(
            raw.accessToken.flatMap { $0.isEmpty ? nil : $0 }, "the token response has no access_token")
        _ = try require(
            Secret(token).isBearerToken ? token : nil, "the access_token has characters that no token may have")
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

    /// Longer than any that a tenant was seen to give, and short enough for the keyring's record, bytes.
    static let refreshTokenLimit = 16 * 1024

    /// RFC 6749, appendix A.17, allows printable ASCII. It is only ever given back as JSON, though, so another letter does no harm, and refusing it
    /// would cost the sign-in.
    package static func isRefreshToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= refreshTokenLimit
            && text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
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
                (try? container.decode(Double.self))
                ?? (try? container.decode(String.self)).flatMap { Bounded.number($0) }
            // A bound beyond what is accepted tells that it was.
            seconds = number.flatMap { Bounded.whole($0, in: -1...TokenResponse.longestLifetime + 1) }
        }
    }
}
