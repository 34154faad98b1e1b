import DevTenant
import Foundation
import JWTKit
import Testing

@testable import Auth0

@Suite("Requests on the wire")
struct RequestTests {
    static func members(_ request: RecordedRequest?) throws -> [String: Any] {
        let body = try #require(request?.body)
        return try #require(try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any])
    }

    @Test("starting always says what to send, also by sms")
    func start() async throws {
        try await TenantFixture.run { fixture in
            try await fixture.start()
            try await fixture.start(PasswordlessStart(connection: "sms", username: "+4915112345678"))
            let requests = await fixture.tenant.requests(to: .start)
            let email = try Self.members(requests.first)
            #expect(
                email as? [String: String]
                    == ["client_id": "postern-dev", "connection": "email", "email": "ada@example.com", "send": "code"])
            let sms = try Self.members(requests.last)
            #expect(sms["phone_number"] as? String == "+4915112345678")
            #expect(sms["send"] as? String == "code")
            #expect(sms["email"] == nil)
            #expect(requests[0].headers["content-type"] == "application/json")
            #expect(requests[0].headers["x-request-language"] == nil)
        }
    }

    @Test("authParams is an object in camel case, the language a header")
    func extras() async throws {
        try await TenantFixture.run { fixture in
            try await fixture.start(
                PasswordlessStart(
                    connection: "email", username: TenantFixture.person, authParams: ["scope": "openid"],
                    language: "de-DE"))
            let request = await fixture.tenant.requests(to: .start).first
            #expect(try Self.members(request)["authParams"] as? [String: String] == ["scope": "openid"])
            #expect(request?.headers["x-request-language"] == "de-DE")
        }
    }

    @Test(
        "auth0-forwarded-for goes only with a client secret",
        arguments: [
            (ClientAuthentication.none, nil), (.secretPost(Secret("s3cret")), "192.0.2.7"),
            (.secretBasic(Secret("s3cret")), "192.0.2.7"),
        ] as [(ClientAuthentication, String?)])
    func forwardedFor(authentication: ClientAuthentication, address: String?) async throws {
        try await TenantFixture.run(authentication: authentication) { fixture in
            // Whether the tenant likes the client is not what is asked here.
            try? await fixture.start(
                PasswordlessStart(connection: "email", username: TenantFixture.person, forwardedFor: "192.0.2.7"))
            #expect(await fixture.tenant.requests(to: .start).first?.headers["auth0-forwarded-for"] == address)
        }
    }

    @Test("a code is exchanged with its realm, scope and audience")
    func exchange() async throws {
        try await TenantFixture.run { fixture in
            _ = await fixture.error(.exchange)
            let members = try Self.members(await fixture.tenant.requests(to: .token).first)
            #expect(
                members as? [String: String] == [
                    "grant_type": "http://auth0.com/oauth/grant-type/passwordless/otp", "client_id": "postern-dev",
                    "username": "ada@example.com", "otp": "123456", "realm": "email",
                    "scope": "openid profile email offline_access",
                ])
        }
    }

    @Test("a refresh has a scope and an audience only if asked for one")
    func refresh() async throws {
        try await TenantFixture.run { fixture in
            _ = await fixture.error(.refresh)
            let members = try Self.members(await fixture.tenant.requests(to: .token).first)
            #expect(
                members as? [String: String]
                    == ["grant_type": "refresh_token", "client_id": "postern-dev", "refresh_token": "a refresh token"])
        }
    }

    @Test("no secret ever stands in a URL", arguments: TenantCall.allCases)
    func paths(call: TenantCall) async throws {
        try await TenantFixture.run(authentication: .secretPost(Secret("s3cret"))) { fixture in
            _ = await fixture.error(call)
            let request = try #require(await fixture.tenant.requests().first)
            #expect(!request.path.contains("?"))
            #expect(request.headers["cookie"] == nil)
        }
    }

    @Test("a client secret in the body is accepted by the tenant")
    func secretPost() async throws {
        try await TenantFixture.run(
            tenant: { $0.clients = [Client(authentication: .secretPost("s3cret"))] },
            authentication: .secretPost(Secret("s3cret"))
        ) { fixture in
            let tokens = try await fixture.signIn()
            _ = try await fixture.api.refresh(try #require(tokens.refreshToken))
            for request in await fixture.tenant.requests() where request.method == "POST" {
                #expect(try Self.members(request)["client_secret"] as? String == "s3cret")
                #expect(request.headers["authorization"] == nil)
            }
        }
    }

    @Test("a client secret in the Authorization header is accepted by the tenant, and stands nowhere else")
    func secretBasic() async throws {
        let secret = "s3:cret é%+"
        try await TenantFixture.run(
            tenant: { $0.clients = [Client(authentication: .secretBasic(secret))] },
            authentication: .secretBasic(Secret(secret))
        ) { fixture in
            _ = try await fixture.signIn()
            for request in await fixture.tenant.requests() where request.method == "POST" {
                #expect(request.headers["authorization"]?.hasPrefix("Basic ") == true)
                #expect(try Self.members(request)["client_secret"] == nil)
            }
        }
    }

    @Test("a signed assertion is accepted by the tenant, a new one each time")
    func privateKey() async throws {
        let key = ES256PrivateKey()
        let pem = key.pemRepresentation
        let publicPEM = key.publicKey.pemRepresentation
        try await TenantFixture.run(
            tenant: {
                $0.clients = [Client(authentication: .privateKeyJWT(publicKeyPEM: publicPEM, algorithm: .ES256))]
            },
            authentication: .privateKeyJWT(Secret(pem))
        ) { fixture in
            _ = try await fixture.signIn()
            let members = try await fixture.tenant.requests().filter { $0.method == "POST" }.map(Self.members)
            #expect(Set(members.compactMap { $0["client_assertion"] as? String }).count == members.count)
            #expect(
                members.allSatisfy {
                    $0["client_assertion_type"] as? String == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
                })
        }
    }

    @Test("a private key that is none is misconfigured, and nothing is sent")
    func badKey() async throws {
        try await TenantFixture.run(authentication: .privateKeyJWT(Secret("no key"))) { fixture in
            #expect(await fixture.error(.refresh)?.kind == .misconfigured)
            #expect(await fixture.tenant.requests().isEmpty)
        }
    }
}
