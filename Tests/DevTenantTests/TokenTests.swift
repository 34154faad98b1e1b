import DevTenant
import Foundation
import JWTKit
import Testing

/// The claims of a token, unverified.
func payload(of token: String?) -> JSON? {
    guard let part = token?.split(separator: ".").dropFirst().first else { return nil }
    let padded = part.replacing("-", with: "+").replacing("_", with: "/")
    let data = Data(base64Encoded: padded + String(repeating: "=", count: (4 - padded.count % 4) % 4))
    return data.flatMap { JSON(text: String(decoding: $0, as: UTF8.self)) }
}

@Suite("Tokens and keys", .timeLimit(.minutes(5)))
struct TokenTests {
    private struct Claims: JWTPayload {
        let iss: String
        let sub: String
        let exp: ExpirationClaim

        func verify(using algorithm: some JWTAlgorithm) async throws { try exp.verifyNotExpired() }
    }

    /// Verifies a token against the tenant's key set as it is now.
    private static func verify(_ token: String?, _ client: TenantClient) async throws -> Claims {
        let keys = JWTKeyCollection()
        try await keys.add(jwksJSON: client.get(".well-known/jwks.json").text)
        let token = try #require(token)
        let header = try await keys.unverifiedKeyID(of: token)
        // Asking for the key by its id first: the library would fall back to a default key.
        _ = try await keys.getKey(for: .init(string: header), alg: "RS256")
        return try await keys.verify(token, as: Claims.self)
    }

    @Test("an ID token names issuer, audience and person, and is signed by a key of the set")
    func idToken() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            let answer = try await client.signIn(to: tenant)
            let verified = try await Self.verify(answer["id_token"], client)
            #expect(verified.iss == client.issuer)
            #expect(verified.iss.hasSuffix("/"))
            #expect(verified.sub.wholeMatch(of: /email\|[0-9a-f]{24}/) != nil)
            let claims = try #require(payload(of: answer["id_token"]))
            #expect(claims["aud"] == "postern-dev")
            #expect(claims["email"] == "ada@example.com")
            #expect(claims["email_verified"] == true)
            #expect(claims["name"] == "ada@example.com")
            #expect(claims["auth_time"] == claims["iat"])
            #expect(claims["nonce"] == nil)
        }
    }

    @Test("with an audience the access token is a signed JWT, without one it is opaque; both open /userinfo")
    func accessTokens() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            let opaque = try await client.signIn(to: tenant)
            let signed = try await client.signIn(to: tenant, audience: "https://api.example.com")
            #expect(opaque["access_token"]?.contains(".") == false)
            _ = try await Self.verify(signed["access_token"], client)
            let claims = try #require(payload(of: signed["access_token"]))
            #expect(claims["aud"] == ["https://api.example.com", .string(client.issuer + "userinfo")])
            #expect(claims["azp"] == "postern-dev")
            #expect(claims["scope"] == "openid profile email offline_access")
            #expect((claims["exp"]?.integer ?? 0) - (claims["iat"]?.integer ?? 0) == 86_400)
            for answer in [opaque, signed] {
                let token = try #require(answer["access_token"])
                let info = try await client.get("userinfo", headers: ["Authorization": "Bearer \(token)"])
                #expect(info["email"] == "ada@example.com")
                #expect(info["sub"] == claims["sub"]?.string)
            }
        }
    }

    @Test("/userinfo refuses an unknown token, an expired one and one without openid")
    func userinfo() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            func status(_ token: String?) async throws -> Int {
                try await client.get("userinfo", headers: ["Authorization": "Bearer \(token ?? "")"]).status
            }
            #expect(try await status("nonsense") == 401)
            #expect(try await status(client.signIn(to: tenant, scope: "email")["access_token"]) == 401)
            let token = try await client.signIn(to: tenant)["access_token"]
            #expect(try await status(token) == 200)
            await tenant.advanceClock(by: 86_401)
            #expect(try await status(token) == 401)
        }
    }

    @Test("an audience nobody registered is refused")
    func unknownAudience() async throws {
        try await DevTenant.withRunning { tenant in
            let answer = try await TenantClient(tenant).signIn(to: tenant, audience: "https://nowhere")
            #expect(answer.status == 403)
            #expect(answer.error == "access_denied")
        }
    }

    @Test("the key set has the current and the next key, and after a rotation the previous one until it is revoked")
    func rotation() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            func keyIDs() async throws -> Set<String> {
                guard case .array(let keys) = try await client.get(".well-known/jwks.json").json?["keys"] else {
                    return []
                }
                return Set(keys.compactMap { $0["kid"]?.string })
            }
            let before = try await keyIDs()
            #expect(before.count == 2)
            let old = try await client.signIn(to: tenant)["id_token"]
            try await tenant.rotateKeys()
            let after = try await keyIDs()
            #expect(after.count == 3)
            #expect(after.isSuperset(of: before))
            let new = try await client.signIn(to: tenant)["id_token"]
            _ = try await Self.verify(old, client)
            _ = try await Self.verify(new, client)
            await tenant.revokePreviousKey()
            await #expect(throws: (any Error).self) { try await Self.verify(old, client) }
            _ = try await Self.verify(new, client)
        }
    }

    @Test("discovery names the endpoints under the issuer, by both of its paths")
    func discovery() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            for path in [".well-known/openid-configuration", ".well-known/oauth-authorization-server"] {
                let document = try await client.get(path)
                #expect(document["issuer"] == client.issuer)
                #expect(document["token_endpoint"] == client.issuer + "oauth/token")
                #expect(document["revocation_endpoint"] == client.issuer + "oauth/revoke")
                #expect(document["jwks_uri"] == client.issuer + ".well-known/jwks.json")
            }
        }
    }
}

extension JWTKeyCollection {
    nonisolated func unverifiedKeyID(of token: String) async throws -> String {
        struct Anything: JWTPayload { func verify(using algorithm: some JWTAlgorithm) async throws {} }
        let header = try DefaultJWTParser().parse(Array(token.utf8), as: Anything.self).header
        return try #require(header.kid)
    }
}
