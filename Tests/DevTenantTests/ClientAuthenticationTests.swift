import DevTenant
import Foundation
import JWTKit
import Testing

@Suite("Client authentication", .timeLimit(.minutes(5)))
struct ClientAuthenticationTests {
    private static let secret = "a-secret-of-the-application"

    private static func withClient(
        _ authentication: Client.Authentication, _ body: (DevTenant, TenantClient) async throws -> Void
    ) async throws {
        var options = Options()
        options.clients = [Client(authentication: authentication)]
        options.startLimit = 1
        try await DevTenant.withRunning(options) { tenant in try await body(tenant, TenantClient(tenant)) }
    }

    private static let startBody: [String: JSON] = [
        "client_id": "postern-dev", "connection": "email", "email": "ada@example.com", "send": "code",
    ]

    private static func refreshForm(_ more: [String: String] = [:]) -> [String: String] {
        ["grant_type": "refresh_token", "client_id": "postern-dev", "refresh_token": "nonsense"]
            .merging(more) { _, new in new }
    }

    @Test("a secret in the body opens start and token; without it start is 403 and token 401")
    func secretPost() async throws {
        try await Self.withClient(.secretPost(Self.secret)) { tenant, client in
            let refused = try await client.post("passwordless/start", json: .object(Self.startBody))
            #expect(refused.status == 403)
            #expect(refused.description == "Client authentication is required")
            let withSecret = Self.startBody.merging(["client_secret": .string(Self.secret)]) { _, new in new }
            for _ in 1...2 {
                let started = try await client.post("passwordless/start", json: .object(withSecret))
                #expect(started.status == 200)
                #expect(started.headers["x-ratelimit-limit"] == nil)
            }
            let wrong = try await client.post("oauth/token", form: Self.refreshForm(["client_secret": "wrong"]))
            #expect(wrong.status == 401)
            #expect(wrong.error == "invalid_client")
            let right = try await client.post("oauth/token", form: Self.refreshForm(["client_secret": Self.secret]))
            #expect(right.error == "invalid_grant")
        }
    }

    @Test("an application registered for Basic is refused with its secret in the body")
    func secretBasic() async throws {
        try await Self.withClient(.secretBasic(Self.secret)) { tenant, client in
            let credentials = Data("postern-dev:\(Self.secret)".utf8).base64EncodedString()
            let basic = try await client.post(
                "oauth/token", form: Self.refreshForm(), headers: ["Authorization": "Basic \(credentials)"])
            #expect(basic.error == "invalid_grant")
            let post = try await client.post("oauth/token", form: Self.refreshForm(["client_secret": Self.secret]))
            #expect(post.error == "invalid_client")
        }
    }

    @Test("the answer to bad credentials is the tenant's choice")
    func otherAnswers() async throws {
        var options = Options()
        options.clients = [Client(authentication: .secretPost(Self.secret))]
        options.tokenClientRefusal = .init(status: 401, error: "access_denied", description: "Unauthorized")
        try await DevTenant.withRunning(options) { tenant in
            let answer = try await TenantClient(tenant).refresh("nonsense")
            #expect(answer.error == "access_denied")
        }
    }

    private struct Assertion: JWTPayload {
        var iss = "postern-dev"
        var sub = "postern-dev"
        var aud: String
        var iat = Date()
        var exp = Date() + 60
        var jti = UUID().uuidString

        func verify(using algorithm: some JWTAlgorithm) async throws {}
    }

    @Test("a private_key_jwt assertion is taken once, and only with the right claims and key")
    func privateKeyJWT() async throws {
        let key = ES256PrivateKey()
        let keys = await JWTKeyCollection().add(ecdsa: key)
        let strangers = await JWTKeyCollection().add(ecdsa: ES256PrivateKey())
        let registered = Client.Authentication.privateKeyJWT(
            publicKeyPEM: key.publicKey.pemRepresentation, algorithm: .ES256)
        try await Self.withClient(registered) { tenant, client in
            func error(_ token: String) async throws -> String? {
                try await client.post(
                    "oauth/token",
                    form: Self.refreshForm([
                        "client_assertion": token,
                        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                    ])
                ).error
            }
            let good = try await keys.sign(Assertion(aud: client.issuer))
            #expect(try await error(good) == "invalid_grant")
            #expect(try await error(good) == "invalid_client")
            for bad in [
                Assertion(aud: String(client.issuer.dropLast())),
                Assertion(iss: "other", aud: client.issuer),
                Assertion(sub: "other", aud: client.issuer),
                Assertion(aud: client.issuer, exp: Date() + 400),
                Assertion(aud: client.issuer, exp: Date() - 1),
            ] {
                #expect(try await error(keys.sign(bad)) == "invalid_client")
            }
            #expect(try await error(strangers.sign(Assertion(aud: client.issuer))) == "invalid_client")
            let started = try await client.post(
                "passwordless/start",
                json: .object(
                    Self.startBody.merging([
                        "client_assertion": .string(try await keys.sign(Assertion(aud: client.issuer))),
                        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                    ]) { _, new in new }))
            #expect(started.status == 200)
        }
    }

    @Test(
        "assertions are verified with every algorithm Auth0 names",
        arguments: ["RS256", "RS384", "PS256", "PS384", "ES256", "ES384"])
    func algorithms(name: String) async throws {
        let algorithm = try #require(AssertionAlgorithm(rawValue: name))
        let keys = JWTKeyCollection()
        let pem: String
        switch algorithm {
        case .ES256:
            let key = ES256PrivateKey()
            await keys.add(ecdsa: key)
            pem = key.publicKey.pemRepresentation
        case .ES384:
            let key = ES384PrivateKey()
            await keys.add(ecdsa: key)
            pem = key.publicKey.pemRepresentation
        default:
            let key = try Insecure.RSA.PrivateKey(pem: rsaKeyPEM())
            let digest: DigestAlgorithm = name.hasSuffix("256") ? .sha256 : .sha384
            if name.hasPrefix("PS") {
                await keys.add(pss: key, digestAlgorithm: digest)
            } else {
                await keys.add(rsa: key, digestAlgorithm: digest)
            }
            pem = key.publicKey.pemRepresentation
        }
        try await Self.withClient(.privateKeyJWT(publicKeyPEM: pem, algorithm: algorithm)) { _, client in
            let answer = try await client.post(
                "oauth/token",
                form: Self.refreshForm([
                    "client_assertion": try await keys.sign(Assertion(aud: client.issuer)),
                    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                ]))
            #expect(answer.error == "invalid_grant")
        }
    }
}
