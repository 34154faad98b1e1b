import Auth0
import DevTenant
import Foundation
import KeyringProtocol
import PosternProtocol
import Testing

@testable import Agent

@Suite("A client's secret")
struct ClientSecretTests {
    private static let item = KeyringItem(kind: .clientSecret, profile: "work", collection: .default)
    private static let pem = "-----BEGIN PRIVATE KEY-----\\nAAAA\\n-----END PRIVATE KEY-----"

    /// What `login.start` fails with while the keyring's item has these members beside issuer and client.
    private static func error(method: String, members: String) async throws -> (AgentError?, Int) {
        let result = Watched<(AgentError?, Int)>((nil, 0))
        try await AgentFixture.run(["client_auth = \(method)"]) { fixture in
            let (issuer, client) = (await fixture.tenant.issuer, fixture.tenant.options.clients[0].id)
            let json = #"{"issuer":"\#(issuer)","client_id":"\#(client)",\#(members)}"#
            fixture.store.state.change { $0.secrets[item] = json }
            let error = await fixture.startError()
            let count = await fixture.tenant.requests().count
            result.change { $0 = (error, count) }
        }
        return result.value
    }

    @Test(
        "one of another kind than client_auth takes is 1015, and nothing is sent",
        arguments: [
            ("client_secret_post", #""kind":"private_key","secret":"\#(pem)""#),
            ("client_secret_basic", #""kind":"private_key","secret":"\#(pem)""#),
            ("client_secret_post", #""secret":"\#(pem)""#), ("private_key_jwt", #""kind":"secret","secret":"s3cret""#),
            ("private_key_jwt", #""secret":"s3cret""#),
        ])
    func otherKind(method: String, members: String) async throws {
        let (error, count) = try await Self.error(method: method, members: members)
        #expect(error?.code == .misconfigured)
        #expect(error?.data.hint?.contains("client-secret set work") == true)
        #expect(count == 0)
    }

    @Test(
        "a record that is not whole is corrupt, and nothing is sent",
        arguments: [
            #""kind":"secret""#, #""kind":"other","secret":"x""#, #""kind":"secret","secret":"""#, #""secret":7"#,
            #""kind":"secret","secret":"\#(pem)""#, #""kind":"private_key","secret":"x""#,
            #""kind":"secret","secret":"\#(String(repeating: "x", count: 1 << 20))""#,
        ])
    func corrupt(members: String) async throws {
        let (error, count) = try await Self.error(method: "client_secret_post", members: members)
        #expect(error?.code == .keyringUnavailable && error?.data.cause == "corrupt")
        #expect(count == 0)
    }

    @Test("one that was stored without a kind is a key if it is PEM, else a secret")
    func withoutKind() throws {
        func kind(_ secret: String) throws -> ClientSecret.Kind {
            try ClientSecret(json: #"{"issuer":"i","client_id":"c","secret":"\#(secret)"}"#).kind
        }
        #expect(try kind("s3cret") == .secret)
        #expect(try kind(Self.pem) == .privateKey)
    }

    @Test(
        "a secret that is set is printable, no key, and of a size",
        arguments: [
            "", "a\n", "a\u{0}", "-----BEGIN PRIVATE KEY-----", "a\u{85}", String(repeating: "x", count: 16_385),
        ])
    func bounds(value: String) async throws {
        try await AgentFixture.run(isServing: false, ["client_auth = client_secret_post"]) { fixture in
            let error = await failure { () async throws(AgentError) in
                _ = try await fixture.agent.setClientSecret(SetClientSecret(profile: "work", secret: value))
            }
            #expect(error?.code == .invalidParams)
            #expect(fixture.store.state.value.secrets.isEmpty)
        }
    }
}
