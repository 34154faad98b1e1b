import DevTenant
import TestSupport
import Testing

@Suite("A second factor at refresh")
struct RefreshFactorTests {
    @Test("ten callers get the same login to answer, at once and with nothing sent")
    func tenCallers() async throws {
        try await withDemandAtRefresh { agent in
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
        try await withDemandAtRefresh { agent in
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
        try await withFactors(Demand.factors, options, profile: ["refresh": "ahead"]) { agent in
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
        try await withDemandAtRefresh { agent in
            try await agent.restartWithExpiredTokens()
            let token = try await agent.postern("token")
            #expect(token.exit == .status(77))
            #expect(token.output.isEmpty)
            #expect(token.error.contains("postern login"))
        }
    }

    @Test("the proof brings a fresh token, and the rotated refresh token is kept")
    func proof() async throws {
        try await withDemandAtRefresh { agent in
            let old = try await agent.token()
            let before = try #require(try await agent.record()?["refresh_token"])
            try await agent.restartWithExpiredTokens()
            let refusal = try await agent.refusal(of: "token.get")
            let login = try Login(refusal?.data["login"], of: agent)
            let end = try await Demand.prove(login, to: agent)
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
        try await withDemandAtRefresh { agent in
            try await agent.restartWithExpiredTokens()
            let login = try Login(try await agent.refusal(of: "token.get")?.data["login"], of: agent)
            async let token = agent.call("token.get", ["join_login": true, "wait": 60])
            try await agent.connectionsTaken(2)
            #expect(try await Demand.prove(login, to: agent)["kind"] == "signed_in")
            #expect(try await token["from"] == "login")
        }
    }

    @Test("a recovery code is a proof as well, and its successor is told")
    func recoveryCode() async throws {
        try await withDemandAtRefresh { agent in
            let refusal = try await agent.refusal(of: "token.get", ["force": true])
            let login = try Login(refusal?.data["login"], of: agent)
            let end = try await login.answer(["recovery_code": .string(Demand.factors[1].value)])
            #expect(end["kind"] == "signed_in" && end["recovery_code"] != nil)
            #expect(try await login.step()["recovery_code"] == nil)
        }
    }

    @Test("a restart loses neither the sign-in nor the demand")
    func restart() async throws {
        try await withDemandAtRefresh { agent in
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
            #expect(try await Demand.prove(login, to: agent)["kind"] == "signed_in")
            #expect(try await agent.call("token.get")["from"] == "cache")
        }
    }

    @Test("a demand for a further audience brings that audience's token")
    func audience() async throws {
        let (api, billing) = ("https://api.example.com", "https://billing.example.com")
        var options = Options()
        options.apis.append(API(identifier: billing, scopes: ["read:bills"]))
        options.clients = [
            Client(refreshTokens: .init(resources: [.init(audience: billing, scopes: ["read:bills"])]))
        ]
        try await withDemandAtRefresh(options, profile: ["audience": api, "audiences": billing]) { agent in
            let token = try await agent.token()
            let asked = try await agent.refusal(of: "token.get", ["audience": .string(billing)])
            #expect(asked?.code == 1011)
            let login = try Login(asked?.data["login"], of: agent)
            #expect(try await Demand.prove(login, to: agent)["kind"] == "signed_in")
            let bills = try await agent.call("token.get", ["audience": .string(billing)])
            #expect(bills["from"] == "cache" && bills["audience"] == .string(billing))
            #expect(bills["scope"]?.string?.contains("read:bills") == true)
            #expect(try await agent.token() == token)
        }
    }
}
