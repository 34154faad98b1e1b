import Foundation
import OutsideInput

/// The making of token answers.
extension DevTenant {
    /// The answer to a sign-in: with a refresh token if offline access was asked for and nothing forbids it.
    func firstTokens(
        _ authorization: Authorization, client: Client, flaw: IDTokenFlaw?
    ) throws -> [String: JSON] {
        guard let user = users[authorization.userID] else { throw Refusal.refreshTokenOfDeletedUser }
        let apiAllows = authorization.audience.flatMap { api($0)?.allowsOfflineAccess } ?? true
        let staysOffline =
            authorization.scopes.contains("offline_access") && apiAllows && client.grants.contains(.refreshToken)
        let granted = staysOffline ? authorization.scopes : authorization.scopes.filter { $0 != "offline_access" }
        var body = try tokens(
            authorization, user: user, audience: authorization.audience, scopes: granted, flaw: flaw)
        if staysOffline {
            let token = refreshTokens.issue(for: authorization, now: now)
            secrets.add(.refreshToken, token)
            body["refresh_token"] = .string(token)
        }
        return body
    }

    /// An access token, and an ID token if `openid` is among the scopes.
    func tokens(
        _ authorization: Authorization, user: User, audience: String?, scopes: [String], nonce: String? = nil,
        flaw: IDTokenFlaw?
    ) throws -> [String: JSON] {
        let lifetime = audience.flatMap { api($0)?.tokenLifetime } ?? options.accessTokenLifetime
        let access = try accessToken(authorization, user, audience: audience, scopes: scopes, lifetime: lifetime)
        secrets.add(.accessToken, access)
        accessTokens.add(
            access,
            .init(
                authorization: authorization, audience: audience, scopes: Set(scopes),
                expires: now + Double(lifetime)))
        var body: [String: JSON] = [
            "access_token": .string(access),
            "expires_in": .integer(lifetime),
            "scope": .string(scopes.joined(separator: " ")),
            "token_type": "Bearer",
        ]
        if scopes.contains("openid") {
            var claims = idTokenClaims(authorization, user, scopes: scopes)
            claims["nonce"] = nonce.map(JSON.string)
            let token = try idToken(claims, flaw: flaw)
            secrets.add(.idToken, token)
            body["id_token"] = .string(token)
        }
        return body
    }

    private func accessToken(
        _ authorization: Authorization, _ user: User, audience: String?, scopes: [String], lifetime: Int
    ) throws -> String {
        guard let audience else { return RandomText.token() }
        let userinfo = JSON.string(issuer + "userinfo")
        return try JSONWebToken.signed(
            [
                "iss": .string(issuer),
                "sub": .string(user.subject),
                "aud": scopes.contains("openid") ? [.string(audience), userinfo] : .string(audience),
                "azp": .string(authorization.clientID),
                "scope": .string(scopes.joined(separator: " ")),
                "iat": .integer(unixTime),
                "exp": .integer(unixTime + lifetime),
                "jti": .string(RandomText.token(bytes: 16)),
            ],
            by: signingKeys.signing(now: now))
    }

    private func idTokenClaims(
        _ authorization: Authorization, _ user: User, scopes: [String]
    ) -> [String: JSON] {
        var claims = user.claims(for: Set(scopes))
        claims["iss"] = .string(issuer)
        claims["aud"] = .string(authorization.clientID)
        claims["iat"] = .integer(unixTime)
        claims["exp"] = .integer(unixTime + options.idTokenLifetime)
        claims["auth_time"] = .integer(
            Bounded.whole(authorization.authenticated.timeIntervalSince1970, in: Bounded.times) ?? 0)
        return claims
    }
}
