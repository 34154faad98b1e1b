import DevTenant
import TestSupport
import Testing

@Suite("Second factors that are refused")
struct FactorRefusalTests {
    private static let otp = Authenticator(.otp)
    private static let sms = Authenticator(.sms, Reachable.phone)
    private static let recovery = Authenticator(.recoveryCode)

    @Test("after a wrong code the right one still signs in", arguments: [otp, sms])
    func wrongThenRight(authenticator: Authenticator) async throws {
        try await withFactors([authenticator]) { agent in
            let (login, step) = try await agent.startSecondFactor()
            let code =
                authenticator.kind == .otp
                ? try await agent.totpCode : try await agent.tenant.nextCode(for: Reachable.phone)
            #expect(try await login.refusal(of: ["code": .string(wrong(code))])?.code == 1008)
            #expect(try await login.step()["kind"] == step["kind"])
            #expect(try await login.answer(code: code)["kind"] == "signed_in")
        }
    }

    @Test("ten wrong codes block the person, the right code notwithstanding", arguments: ["code", "recovery_code"])
    func exhausted(answer: String) async throws {
        try await withFactors([Self.otp, Self.recovery]) { agent in
            let (login, _) = try await agent.startSecondFactor()
            let code = answer == "code" ? try await agent.totpCode : Self.recovery.value
            for _ in 1...10 {
                #expect(try await login.refusal(of: [answer: .string(wrong(code))])?.code == 1008)
            }
            let refusal = try await login.refusal(of: [answer: .string(code)])
            #expect(refusal?.code == 1010 && refusal?.data["blocked"] == true)
            let end = try await login.step()
            #expect(end["kind"] == "failed" && end["code"] == 1010)
            #expect(try await login.refusal(of: [answer: .string(code)])?.code == 1012)
            #expect(try await agent.refusal(of: "token.get")?.cause == "never")
        }
    }

    @Test(
        "sixty messages at once are one, and that one still counts; so it does when the tenant sends no more",
        arguments: [sms, .init(.email, Reachable.mailbox)])
    func tooManyMessages(authenticator: Authenticator) async throws {
        try await withFactors([authenticator]) { agent in
            let (login, step) = try await agent.startSecondFactor()
            for _ in 2...60 {
                let refusal = try await login.refusal(of: ["factor": .string(authenticator.id)])
                #expect(refusal?.code == 1007)
                #expect((1...30).contains(refusal?.data["retry_after"]?.integer ?? 0))
            }
            #expect(await agent.tenant.requests(to: .challenge).count == 1)
            #expect(try await login.step()["kind"] == step["kind"])
            let code = try #require(await agent.tenant.messages.last?.code)
            #expect(try await login.answer(code: code)["kind"] == "signed_in")
        }
    }

    @Test("a sign-in whose time is over at the tenant has to begin anew", arguments: [403, 401])
    func expiredToken(status: Int) async throws {
        try await withFactors([Self.otp], .demandingMFA { $0.expiredStatus = status }) { agent in
            let (login, _) = try await agent.startSecondFactor()
            await agent.tenant.advanceClock(by: 600)
            #expect(try await login.refusal(of: ["code": .string(agent.totpCode)])?.code == 1009)
            let end = try await login.step()
            #expect(end["kind"] == "failed" && end["code"] == 1009)
        }
    }

    @Test("the code of a message that is too old is expired")
    func expiredCode() async throws {
        try await withFactors([Self.sms]) { agent in
            let (login, _) = try await agent.startSecondFactor()
            let code = try await agent.tenant.nextCode(for: Reachable.phone)
            await agent.tenant.advanceClock(by: 300)
            #expect(try await login.refusal(of: ["code": .string(code)])?.code == 1009)
        }
    }

    @Test("a post-challenge Action refuses in its own words, and leaves who was signed in alone")
    func deniedAfterChallenge() async throws {
        try await withFactors([Self.sms]) { agent in
            await agent.tenant.setMFAPolicy(.never)
            try await agent.signIn()
            let token = try await agent.token()
            await agent.tenant.setMFAPolicy(.always)
            await agent.tenant.denyAfterChallenge(RunningAgent.person, "Not from this network.")
            let (login, _) = try await agent.startSecondFactor()
            let code = try await agent.tenant.nextCode(for: Reachable.phone)
            let refusal = try await login.refusal(of: ["code": .string(code)])
            #expect(refusal?.code == 1014 && refusal?.data["error_description"] == "Not from this network.")
            let end = try await login.step()
            #expect(end["kind"] == "failed" && end["code"] == 1014)
            #expect(try await agent.token() == token)
        }
    }

    @Test("two profiles that sign in at once take no code of each other")
    func twoProfiles() async throws {
        let grace = "grace@example.com"
        try await withFactors([Self.sms]) { agent in
            await agent.tenant.setAuthenticators([.init(.sms, "+15550111")], of: grace)
            try agent.configure(await agent.profile("a") + agent.profile("b", ["username": grace]))
            try await agent.call("agent.reload")
            async let started = agent.startSecondFactor(["profile": "a"])
            let other = try await agent.startSecondFactor(["profile": "b"], as: grace).login
            let login = try await started.login
            let code = try await agent.tenant.nextCode(for: Reachable.phone)
            let otherCode = try await agent.tenant.nextCode(for: "+15550111")
            #expect(try await login.refusal(of: ["code": .string(otherCode)])?.code == 1008)
            #expect(try await other.refusal(of: ["code": .string(code)])?.code == 1008)
            async let otherEnd = other.answer(code: otherCode)
            #expect(try await login.answer(code: code)["account"]?["email"] == .string(RunningAgent.person))
            #expect(try await otherEnd["account"]?["email"] == .string(grace))
            for (profile, person) in [("a", RunningAgent.person), ("b", grace)] {
                let claims = try await agent.call("idtoken.get", ["profile": .string(profile)])["claims"]
                #expect(claims?["email"] == .string(person))
            }
        }
    }
}
