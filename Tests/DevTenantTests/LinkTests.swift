import DevTenant
import Foundation
import Testing

@Suite("Magic links", .timeLimit(.minutes(5)))
struct LinkTests {
    private static let target = "http://127.0.0.1:4711/callback"

    /// Asks for a link and returns it as a path under the issuer.
    private static func link(_ tenant: DevTenant, _ client: TenantClient) async throws -> String {
        let answer = try await client.post(
            "passwordless/start",
            json: [
                "client_id": "postern-dev", "connection": "email", "email": "ada@example.com",
                "authParams": [
                    "redirect_uri": .string(target), "response_type": "token id_token", "state": "xyz",
                    "nonce": "n-1", "scope": "openid offline_access",
                ],
            ])
        #expect(answer.status == 200)
        let link = try #require(try await tenant.nextMessage(for: "ada@example.com").link)
        return String(link.dropFirst(client.issuer.count))
    }

    /// Follows a link and reads the fragment that the browser would be sent to.
    private static func follow(_ link: String, _ client: TenantClient) async throws -> [String: String] {
        let answer = try await client.get(link)
        #expect(answer.status == 302)
        let location = try #require(answer.headers["location"])
        #expect(location.hasPrefix(target + "#"))
        var components = URLComponents()
        components.percentEncodedQuery = String(location.dropFirst(target.count + 1))
        return Dictionary((components.queryItems ?? []).map { ($0.name, $0.value ?? "") }) { _, last in last }
    }

    @Test("a link brings tokens in the fragment, with state and nonce, and never a refresh token")
    func success() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            let fragment = try await Self.follow(Self.link(tenant, client), client)
            #expect(fragment["state"] == "xyz")
            #expect(fragment["token_type"] == "Bearer")
            #expect(fragment["access_token"] != nil)
            #expect(payload(of: fragment["id_token"])?["nonce"] == "n-1")
            #expect(fragment["refresh_token"] == nil)
            #expect(fragment["scope"] == "openid")
        }
    }

    @Test("an old link brings an error in the fragment, with the state")
    func expired() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            let link = try await Self.link(tenant, client)
            await tenant.advanceClock(by: 200)
            let fragment = try await Self.follow(link, client)
            #expect(fragment["error"] == "unauthorized")
            #expect(
                fragment["error_description"] == "The verification code has expired. Please try to login again.")
            #expect(fragment["state"] == "xyz")
        }
    }
}
