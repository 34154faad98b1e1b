import DevTenant
import TestSupport
import Testing

@Suite("A second factor at refresh")
struct RefreshFactorTests {
    private static let factors = [Authenticator(.otp), Authenticator(.recoveryCode)]

    /// Ada is signed in without a second factor, and since then refreshes ask for one.
    private func withDemand(
        profile: [String: String?] = [:], _ body: @escaping @Sendable (RunningAgent) async throws -> Void
    ) async throws {
        var options = Options()
        options.mfa.policy = .never
        try await withFactors(Self.factors, options, profile: profile) { agent in
            try await agent.signIn()
            await agent.tenant.setMFAPolicy(.refresh)
            try await body(agent)
        }
    }

    /// Answers the demand with a one-time password, and lets refreshes pass from now on.
    private func prove(_ login: Login, to agent: RunningAgent) async throws -> JSON {
        try await login.answer(["factor": .string(Self.factors[0].id)])
        let end = try await login.answer(code: agent.totpCode)
        await agent.tenant.setMFAPolicy(.never)
        return end
    }

    @Test("ten callers get the same login to answer, at once and with nothing sent")
    func tenCallers() async throws {
        try await withDemand { agent in
            let before = try await agent.record()?["refresh_token"]
            try await agent.restartWithExpiredTokens()
            let refusals = try await withThrowingTaskGroup(of: Refusal?.self) { group in
                for _ in 1...10 { group.addTask { try await agent.refusal(of: "token.get") } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(refusals.allSatisfy { $0?.code == 1011 && $0?.data["retryable"] == false })
            let logins = Set(refusals.map { $0?.data["login"] ?? .null })
            #expect(logins.count == 1)
            let step = try #require(logins.first?["step"])
            #expect(step["kind"] == "choose_factor" && step["factors"]?.array?.count == 2)
            #expect(await agent.tenant.requests(to: .token, grant: .refreshToken).count == 1)
            #expect(await agent.tenant.requests(to: .challenge).isEmpty)
            #expect(await agent.tenant.messages.count == 1, "only the one-time code of the sign-in")
            #expect(try await agent.status()["state"] == "mfa_required")
            #expect(try await agent.record()?["refresh_token"] == before)
        }
    }

    @Test("a token that is still valid is served, and callers do not make the tenant ask again")
    func validToken() async throws {
        try await withDemand { agent in
            let token = try await agent.token()
            #expect(try await agent.refusal(of: "token.get", ["force": true])?.code == 1011)
            #expect(try await agent.status()["state"] == "mfa_required")
            #expect(try await agent.call("token.get")["from"] == "cache")
            #expect(try await agent.token() == token)
            #expect(try await agent.refusal(of: "token.get", ["force": true])?.code == 1011)
            #expect(await agent.tenant.requests(to: .token, grant: .refreshToken).count == 1)
        }
    }

    @Test("a refresh ahead that is asked for a factor is not tried again while nobody answers")
    func refreshAhead() async throws {
        var options = Options()
        options.accessTokenLifetime = 4
        try await withFactors(Self.factors, options, profile: ["refresh": "ahead"]) { agent in
            try await agent.signIn()
            await agent.tenant.setMFAPolicy(.refresh)
            try await withDeadline { try await agent.tenant.requestAnswered(at: .token, grant: .refreshToken) }
            let refusal = try await agent.refusal(of: "token.get", ["min_ttl": 4])
            let login = try #require(refusal?.data["login"])
            // Nothing happens meanwhile, although the token expires: this returns when the time is over.
            try await agent.call(
                "login.wait",
                ["login_id": login["login_id"] ?? 0, "seen": login["revision"] ?? 0, "timeout": 5])
            #expect(try await agent.refusal(of: "token.get")?.data["login"]?["login_id"] == login["login_id"])
            #expect(await agent.tenant.requests(to: .token, grant: .refreshToken).count == 1)
        }
    }

    @Test("the command ends with 77 and says how to go on")
    func command() async throws {
        try await withDemand { agent in
            try await agent.restartWithExpiredTokens()
            let token = try await agent.postern("token")
            #expect(token.exit == .status(77))
            #expect(token.output.isEmpty)
            #expect(token.error.contains("postern login"))
        }
    }

    @Test("the proof brings a fresh token, and the rotated refresh token is kept")
    func proof() async throws {
        try await withDemand { agent in
            let old = try await agent.token()
            let before = try #require(try await agent.record()?["refresh_token"])
            try await agent.restartWithExpiredTokens()
            let refusal = try await agent.refusal(of: "token.get")
            let login = try Login(refusal?.data["login"], of: agent)
            let end = try await prove(login, to: agent)
            #expect(end["kind"] == "signed_in" && end["refreshable"] == true)
            #expect(end["account"]?["email"] == .string(RunningAgent.person))
            let token = try await agent.call("token.get")
            #expect(token["from"] == "cache" && token["access_token"] != .string(old))
            #expect(try await agent.status()["state"] == "signed_in")
            #expect(try await agent.record()?["refresh_token"] != before)
            #expect(await agent.tenant.requests(to: .revoke).isEmpty)
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            let generations = await agent.tenant.requests(to: .token, grant: .refreshToken)
                .map(\.refreshToken?.generation)
            #expect(generations == [0, 1])
        }
    }

    @Test("who said so waits for the proof, and gets the token that it brings")
    func joinsLogin() async throws {
        try await withDemand { agent in
            try await agent.restartWithExpiredTokens()
            let login = try Login(try await agent.refusal(of: "token.get")?.data["login"], of: agent)
            async let token = agent.call("token.get", ["join_login": true, "wait": 60])
            try await agent.connectionsTaken(2)
            #expect(try await prove(login, to: agent)["kind"] == "signed_in")
            #expect(try await token["from"] == "login")
        }
    }

    @Test("a recovery code is a proof as well, and its successor is told")
    func recoveryCode() async throws {
        try await withDemand { agent in
            let refusal = try await agent.refusal(of: "token.get", ["force": true])
            let login = try Login(refusal?.data["login"], of: agent)
            let end = try await login.answer(["recovery_code": .string(Self.factors[1].value)])
            #expect(end["kind"] == "signed_in" && end["recovery_code"] != nil)
            #expect(try await login.step()["recovery_code"] == nil)
        }
    }

    @Test("a restart loses neither the sign-in nor the demand")
    func restart() async throws {
        try await withDemand { agent in
            try await agent.restartWithExpiredTokens()
            let first = try await agent.refusal(of: "token.get")
            let before = try await agent.record()?["refresh_token"]
            try await agent.restart()
            #expect(try await agent.record()?["refresh_token"] == before)
            let id = try #require(first?.data["login"]?["login_id"])
            #expect(try await agent.refusal(of: "login.wait", ["login_id": id])?.code == 1012)
            let second = try await agent.refusal(of: "token.get")
            #expect(second?.code == 1011)
            let login = try Login(second?.data["login"], of: agent)
            #expect(try await prove(login, to: agent)["kind"] == "signed_in")
            #expect(try await agent.call("token.get")["from"] == "cache")
        }
    }

    @Test("who does not answer is asked again, and a login given up leaves the refresh token as it was")
    func cancelled() async throws {
        try await withDemand { agent in
            try await agent.restartWithExpiredTokens()
            let before = try await agent.record()?["refresh_token"]
            let first = try Login(try await agent.refusal(of: "token.get")?.data["login"], of: agent)
            try await first.answer(["factor": .string(Self.factors[0].id)])
            try await first.cancel()
            #expect(try await first.step()["kind"] == "failed")
            #expect(try await agent.record()?["refresh_token"] == before)
            let second = try Login(try await agent.refusal(of: "token.get")?.data["login"], of: agent)
            #expect(second.id != first.id)
            #expect(try await prove(second, to: agent)["kind"] == "signed_in")
        }
    }

    @Test("a proof of a demand that the tenant has forgotten is expired, and the next call brings another")
    func expired() async throws {
        try await withDemand { agent in
            let first = try Login(
                try await agent.refusal(of: "token.get", ["force": true])?.data["login"], of: agent)
            try await first.answer(["factor": .string(Self.factors[0].id)])
            await agent.tenant.advanceClock(by: 600)
            #expect(try await first.refusal(of: ["code": .string(agent.totpCode)])?.code == 1009)
            #expect(try await agent.token().isEmpty == false)
            let second = try await agent.refusal(of: "token.get", ["force": true])
            #expect(second?.code == 1011 && second?.data["login"]?["login_id"] != first.id)
        }
    }

    @Test("a refresh token that was revoked meanwhile is told by the proof, and not sent again")
    func revoked() async throws {
        try await withDemand { agent in
            try await agent.restartWithExpiredTokens()
            let login = try Login(try await agent.refusal(of: "token.get")?.data["login"], of: agent)
            await agent.tenant.revokeRefreshTokens(of: RunningAgent.person)
            try await login.answer(["factor": .string(Self.factors[0].id)])
            let refusal = try await login.refusal(of: ["code": .string(agent.totpCode)])
            #expect(refusal?.code == 1001)
            #expect(try await agent.refusal(of: "token.get")?.code == 1001)
            #expect(try await agent.status()["state"] == "login_required")
            #expect(await agent.tenant.requests(to: .token, grant: .refreshToken).count == 1)
        }
    }
}
