import DevTenant
import TestSupport
import Testing

@Suite("Faults of the tokens that the tenant gives")
struct TokenFaultTests {
    static let flaws = IDTokenFlaw.allCases.filter { ![.severalAudiences, .expired].contains($0) }

    @Test(
        "row 36: an ID token that is not right is 1021; the rotation is kept, and of the answer nothing else",
        arguments: flaws)
    func forgedIDToken(_ flaw: IDTokenFlaw) async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let cached = try await agent.token()
            let before = try #require(try await agent.record())
            await agent.tenant.order(.idToken(flaw), at: .token, grant: .refreshToken)
            #expect(try await agent.refusal(of: "token.get", ["force": true])?.code == 1021)
            #expect(try await agent.status()["last_error"]?["code"] == 1021)
            #expect(try await agent.token() == cached)
            let after = try #require(try await agent.record())
            #expect(after["tokens"] == before["tokens"] && after["id_token"] == before["id_token"])
            #expect(after["account"] == before["account"])
            #expect(after["refresh_token"]?.string != nil && after["refresh_token"] != before["refresh_token"])
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            #expect(await agent.presented == [0, 1])
        }
    }

    static let brokenMembers: [[String: JSON]] = [
        ["expires_in": 0], ["expires_in": -3600], ["expires_in": 1_000_000_000_000], ["expires_in": "soon"],
        ["expires_in": nil], ["access_token": nil], ["access_token": ""], ["access_token": 7], ["token_type": nil],
        ["token_type": "mac"],
    ]

    @Test(
        "row 37: an answer without a token that can be used is 1020, and its rotation is kept",
        arguments: brokenMembers)
    func brokenAnswer(_ members: [String: JSON]) async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let cached = try await agent.token()
            let before = try #require(try await agent.record())
            await agent.tenant.order(.members(members), at: .token, grant: .refreshToken)
            #expect(try await agent.refusal(of: "token.get", ["force": true])?.code == 1020)
            #expect(try await agent.token() == cached)
            let after = try #require(try await agent.record())
            #expect(after["tokens"] == before["tokens"])
            #expect(after["refresh_token"]?.string != nil && after["refresh_token"] != before["refresh_token"])
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            #expect(await agent.presented == [0, 1])
        }
    }

    @Test("row 37: a lifetime may be a text or have a fraction", arguments: ["3600", 3600.5] as [JSON])
    func lenientLifetime(_ lifetime: JSON) async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            await agent.tenant.order(.members(["expires_in": lifetime]), at: .token, grant: .refreshToken)
            let token = try await agent.call("token.get", ["force": true])
            let left = try #require(token["expires_in"]?.integer)
            #expect(token["from"] == "refresh" && (3500...3600).contains(left))
        }
    }

    @Test("row 37: an answer without a refresh token leaves the one that there is")
    func withoutRefreshToken() async throws {
        try await withRunningAgent(.overlapping) { agent in
            try await agent.signIn()
            let before = try await agent.record()?["refresh_token"]
            await agent.tenant.order(.members(["refresh_token": nil]), at: .token, grant: .refreshToken)
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            #expect(try await agent.record()?["refresh_token"] == before)
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            #expect(await agent.presented == [0, 0])
        }
    }
}
