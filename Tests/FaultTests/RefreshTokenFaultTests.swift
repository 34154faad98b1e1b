import DevTenant
import Foundation
import TestSupport
import Testing

@Suite("Faults of a refresh token")
struct RefreshTokenFaultTests {
    // MARK: - Rotated, and nobody knows

    @Test("row 32: lost answers are asked for again while the tenant's overlap lasts", arguments: [1, 2])
    func lostWithOverlap(times: Int) async throws {
        try await withRunningAgent(.overlapping, profile: ["rotation_overlap": "60"]) { agent in
            try await agent.signIn()
            try await agent.restartWithExpiredTokens()
            await agent.tenant.order(.loseAnswer, at: .token, grant: .refreshToken, times: times)
            #expect(try await agent.call("token.get")["from"] == "refresh")
            #expect(await agent.presented == Array(repeating: 0, count: times + 1))
            try await agent.call("token.get", ["force": true])
            #expect(await agent.presented.last == 1)
            #expect(await agent.refreshes.last?.status == 200)
        }
    }

    @Test("row 32: without an overlap a lost answer costs the sign-in, and the cause says so")
    func lostWithoutOverlap() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            try await agent.restartWithExpiredTokens()
            await agent.tenant.order(.loseAnswer, at: .token, grant: .refreshToken)
            let refusal = try await agent.refusal(of: "token.get")
            #expect(refusal?.code == 1001 && refusal?.cause == "lost_answer")
            #expect(try await agent.postern("token").exit == .status(77))
            try await agent.restart()
            #expect(try await agent.refusal(of: "token.get")?.cause == "lost_answer")
            #expect(await agent.presented == [0, 0], "a refused refresh token was sent again")
            #expect(try await agent.status()["state"] == "login_required")
        }
    }

    // MARK: - Refused

    @Test("row 33: a refused refresh token is told once, never sent again, and its record says why")
    func refused() async throws {
        try await withRunningAgent(profile: ["refresh": "ahead"]) { agent in
            try await agent.signIn()
            let cached = try await agent.token()
            let watcher = try agent.connect()
            try watcher.request("events.subscribe")
            #expect(try await watcher.answer()?["result"] == [:])
            await agent.tenant.revokeRefreshTokens(of: RunningAgent.person)
            let refusal = try await agent.refusal(of: "token.get", ["force": true])
            #expect(refusal?.code == 1001 && refusal?.cause == "reuse_suspected")
            #expect(try await watcher.answer()?["params"]?["type"] == "login_required")
            #expect(try await watcher.answer()?["params"]?["type"] == "reuse_suspected")
            #expect(try await agent.refusal(of: "token.get", ["force": true])?.code == 1001)
            try watcher.request("agent.hello")
            #expect(try await watcher.answer()?["result"]?["name"] == "posternd", "nothing is told twice")

            #expect(try await agent.token() == cached, "a token that still lives is served in every state")
            #expect(try await agent.status()["refresh_due_at"] == nil)
            let record = try await agent.record()
            #expect(record?["refresh_token"] == nil && record?["refusal"] == "reuse_suspected")
            try await agent.restart()
            #expect(try await agent.refusal(of: "token.get", ["force": true])?.cause == "reuse_suspected")
            #expect(try await agent.token() == cached)
            #expect(await agent.presented == [0])
            try await agent.signIn()
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
        }
    }

    @Test("row 33: the end of a deleted person's sign-in has its own cause")
    func deletedPerson() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            await agent.tenant.deleteUser(RunningAgent.person)
            let refusal = try await agent.refusal(of: "token.get", ["force": true])
            #expect(refusal?.code == 1001 && refusal?.cause == "user_deleted")
        }
    }

    @Test("row 34: a refresh token that somebody else has used is refused, and the log warns of theft")
    func stolen() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let cached = try await agent.token()
            func use(_ token: JSON?) async throws -> JSON {
                let grant = "grant_type=refresh_token&client_id=postern-dev&refresh_token=\(token?.string ?? "")"
                let url = await agent.tenant.issuer + "oauth/token"
                let answer = try await agent.desktop.run("curl", ["--silent", "--data", "@-", url], input: grant)
                return JSON(text: answer.output) ?? .null
            }
            let rotated = try await use(try await agent.record()?["refresh_token"])["refresh_token"]
            #expect(rotated?.string != nil)
            let refusal = try await agent.postern("token", "--rejected", "-", input: cached)
            #expect(refusal.exit == .status(77))
            #expect(try await agent.refusal(of: "token.get")?.cause == "reuse_suspected")
            #expect(await agent.log.contains("it may have been stolen"))
            #expect(try await use(rotated)["error"] == "invalid_grant", "the tenant ends the thief's too")
            #expect(await agent.presented == [0, 0, 1])
        }
    }

    @Test("row 35: a refresh that asks for a second factor keeps the refresh token")
    func secondFactor() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let cached = try await agent.token()
            let before = try await agent.record()?["refresh_token"]
            await agent.tenant.order(.mfaRequired(), at: .token, grant: .refreshToken)
            let refusal = try await agent.refusal(of: "token.get", ["force": true])
            #expect(refusal?.code == 1011)
            #expect(try await agent.record()?["refresh_token"] == before)
            #expect(try await agent.status()["state"] == "mfa_required")
            #expect(try await agent.token() == cached)
        }
    }
}
