import Crypto
import DevTenant
import TestSupport
import Testing
import _CryptoExtras

@Suite("Client authentication")
struct ClientAuthenticationTests {
    private static let secret = "a secret, with 100% ünusual characters & = +"

    private func options(_ authentication: Client.Authentication) -> Options {
        var options = Options()
        options.clients = [Client(authentication: authentication)]
        return options
    }

    private func signsIn(_ method: String, _ client: Client.Authentication, with secret: String) async throws {
        try await withRunningAgent(options(client), profile: ["client_auth": method]) { agent in
            let set = try await agent.postern("client-secret", "set", "work", input: secret)
            #expect(set.exit == .status(0), "\(set.error)")
            #expect(try await agent.login().exit == .status(0))
            try await agent.restart()
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            let logout = try await agent.postern("logout")
            #expect(logout.exit == .status(0), "\(logout.error)")
            // The secret is the application's, not the sign-in's.
            let kinds = try await agent.desktop.items().compactMap { $0.attributes["kind"] }
            #expect(kinds.count == 1 && kinds != ["session"])
        }
    }

    @Test("client_secret_post signs in, refreshes and revokes")
    func post() async throws {
        try await signsIn("client_secret_post", .secretPost(Self.secret), with: Self.secret + "\n")
    }

    @Test("client_secret_basic signs in, refreshes and revokes")
    func basic() async throws {
        try await signsIn("client_secret_basic", .secretBasic("plain-secret_1"), with: "plain-secret_1\n")
    }

    @Test("private_key_jwt signs in, refreshes and revokes with an elliptic-curve key")
    func ellipticCurve() async throws {
        let key = P256.Signing.PrivateKey()
        try await signsIn(
            "private_key_jwt", .privateKeyJWT(publicKeyPEM: key.publicKey.pemRepresentation, algorithm: .ES256),
            with: key.pemRepresentation)
    }

    @Test("private_key_jwt signs in, refreshes and revokes with an RSA key")
    func rsa() async throws {
        let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        try await signsIn(
            "private_key_jwt", .privateKeyJWT(publicKeyPEM: key.publicKey.pemRepresentation, algorithm: .RS256),
            with: key.pemRepresentation)
    }

    @Test("a secret that was never set is a matter of configuration, and so is a wrong one")
    func missing() async throws {
        let client = Client.Authentication.secretPost(Self.secret)
        try await withRunningAgent(options(client), profile: ["client_auth": "client_secret_post"]) { agent in
            let login = try await agent.postern("login")
            #expect(login.exit == .status(78))
            #expect(login.error.contains("client-secret set"))
            #expect(try await agent.refusal(of: "login.start")?.code == 1015)
            #expect(await agent.tenant.requests(to: .start).isEmpty)

            try await agent.call("client_secret.set", ["profile": "work", "secret": "wrong"])
            let refusal = try await agent.refusal(of: "login.start")
            #expect(refusal?.code == 1015 && refusal?.data["error"] == "unauthorized_client")
            try await agent.call("client_secret.set", ["profile": "work", "secret": .string(Self.secret)])
            try await agent.signIn()
        }
    }

    @Test("what is no key, or no secret for this profile, is not stored")
    func refused() async throws {
        let client = Client.Authentication.secretPost(Self.secret)
        try await withRunningAgent(options(client), profile: ["client_auth": "private_key_jwt"]) { agent in
            let secret = try await agent.refusal(of: "client_secret.set", ["profile": "work", "secret": "x"])
            #expect(secret?.code == -32602)
            let pem = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
            #expect(try await agent.postern("client-secret", "set", "work", input: pem).exit == .status(64))
            #expect(try await agent.desktop.items().isEmpty)
        }
    }
}
