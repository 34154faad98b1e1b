import DevTenant
import TestSupport
import Testing

@Suite("A second factor at refresh that is not proven")
struct UnprovenRefreshTests {
    @Test("who does not answer is asked again, and a login given up leaves the refresh token as it was")
    func cancelled() async throws {
        try await withDemandAtRefresh { agent in
            try await agent.restartWithExpiredTokens()
            let before = try await agent.record()?["refresh_token"]
            let first = try Login(try await agent.refusal(of: "token.get")?.data["login"], of: agent)
            try await first.answer(["factor": .string(Demand.factors[0].id)])
            try await first.cancel()
            #expect(try await first.step()["kind"] == "failed")
            #expect(try await agent.record()?["refresh_token"] == before)
            let second = try Login(try await agent.refusal(of: "token.get")?.data["login"], of: agent)
            #expect(second.id != first.id)
            #expect(try await Demand.prove(second, to: agent)["kind"] == "signed_in")
        }
    }

    @Test("a proof of a demand that the tenant has forgotten is expired, and the next call brings another")
    func expired() async throws {
        try await withDemandAtRefresh { agent in
            let first = try Login(
                try await agent.refusal(of: "token.get", ["force": true])?.data["login"], of: agent)
            try await first.answer(["factor": .string(Demand.factors[0].id)])
            await agent.tenant.advanceClock(by: 600)
            #expect(try await first.refusal(of: ["code": .string(agent.totpCode)])?.code == 1009)
            #expect(try await agent.token().isEmpty == false)
            let second = try await agent.refusal(of: "token.get", ["force": true])
            #expect(second?.code == 1011 && second?.data["login"]?["login_id"] != first.id)
        }
    }

    @Test("a refresh token that was revoked meanwhile is told by the proof, and not sent again")
    func revoked() async throws {
        try await withDemandAtRefresh { agent in
            try await agent.restartWithExpiredTokens()
            let login = try Login(try await agent.refusal(of: "token.get")?.data["login"], of: agent)
            await agent.tenant.revokeRefreshTokens(of: RunningAgent.person)
            try await login.answer(["factor": .string(Demand.factors[0].id)])
            let refusal = try await login.refusal(of: ["code": .string(agent.totpCode)])
            #expect(refusal?.code == 1001)
            #expect(try await agent.refusal(of: "token.get")?.code == 1001)
            #expect(try await agent.status()["state"] == "login_required")
            #expect(await agent.tenant.requests(to: .token, grant: .refreshToken).count == 1)
        }
    }

    @Test("a refusal by a post-challenge Action ends the login, and leaves the refresh token as it was")
    func denied() async throws {
        try await withDemandAtRefresh { agent in
            let before = try await agent.record()?["refresh_token"]
            let token = try await agent.token()
            await agent.tenant.denyAfterChallenge(RunningAgent.person, "Not on Sundays.")
            let first = try Login(
                try await agent.refusal(of: "token.get", ["force": true])?.data["login"], of: agent)
            let refusal = try await first.refusal(of: ["recovery_code": .string(Demand.factors[1].value)])
            #expect(refusal?.code == 1014 && refusal?.data["error_description"] == "Not on Sundays.")
            #expect(try await agent.token() == token)
            #expect(try await agent.record()?["refresh_token"] == before)
            await agent.tenant.denyAfterChallenge(RunningAgent.person, nil)
            let second = try Login(
                try await agent.refusal(of: "token.get", ["force": true])?.data["login"], of: agent)
            #expect(try await Demand.prove(second, to: agent)["kind"] == "signed_in")
        }
    }

    @Test("a lost answer to the proof costs the sign-in where the tenant has no overlap, and the cause says so")
    func lostAnswer() async throws {
        try await withDemandAtRefresh { agent in
            try await agent.restartWithExpiredTokens()
            let login = try Login(try await agent.refusal(of: "token.get")?.data["login"], of: agent)
            try await login.answer(["factor": .string(Demand.factors[0].id)])
            await agent.tenant.order(.loseAnswer, at: .token, grant: .mfaOTP)
            #expect(try await login.refusal(of: ["code": .string(agent.totpCode)]) != nil)
            await agent.tenant.setMFAPolicy(.never)
            if try await login.step()["kind"] != "failed" { try await login.cancel() }
            let refusal = try await agent.refusal(of: "token.get")
            #expect(refusal?.code == 1001 && refusal?.cause == "lost_answer")
        }
    }

    @Test("signing out ends the login that answers the demand")
    func signedOut() async throws {
        try await withDemandAtRefresh { agent in
            let login = try Login(
                try await agent.refusal(of: "token.get", ["force": true])?.data["login"], of: agent)
            try await agent.call("logout")
            #expect(try await login.step()["kind"] == "failed")
            #expect(try await login.refusal(of: ["recovery_code": .string(Demand.factors[1].value)])?.code == 1012)
            #expect(try await agent.refusal(of: "token.get")?.cause == "never")
            #expect(await agent.requestsAboutFactors().map(\.endpoint) == [.authenticators])
        }
    }

    @Test("who rather signs in anew drops the demand and replaces the tokens")
    func signedInAnew() async throws {
        try await withDemandAtRefresh { agent in
            let old = try await agent.token()
            let asked = try Login(
                try await agent.refusal(of: "token.get", ["force": true])?.data["login"], of: agent)
            let (login, step) = try await agent.startSecondFactor(["restart": true])
            #expect(login.id != asked.id && step["kind"] == "factor_code")
            #expect(try await asked.step()["kind"] == "failed")
            #expect(try await login.answer(code: agent.totpCode)["kind"] == "signed_in")
            #expect(try await agent.status()["state"] == "signed_in")
            #expect(try await agent.token() != old)
            try await agent.tenant.requestAnswered(at: .revoke)
        }
    }
}
