import DevTenant
import TestSupport
import Testing

@Suite("A second factor at sign-in")
struct SecondFactorTests {
    private static let otp = Authenticator(.otp)
    private static let sms = Authenticator(.sms, Reachable.phone)
    private static let push = Authenticator(.push)
    private static let recovery = Authenticator(.recoveryCode)

    @Test(
        "the one that there is is asked for at once",
        arguments: [
            otp, sms, .init(.voice, Reachable.phone), .init(.email, Reachable.mailbox),
        ])
    func only(authenticator: Authenticator) async throws {
        try await withFactors([authenticator, Self.recovery]) { agent in
            let (login, step) = try await agent.startSecondFactor()
            #expect(step["kind"] == "factor_code")
            #expect(step["factor"]?["id"] == .string(authenticator.id))
            #expect(step["factor"]?["channel"]?.string == channel(of: authenticator))
            #expect(step["factors"]?.array?.count == 2)
            let code: String
            if authenticator.kind == .otp {
                #expect(step["sent_to"] == nil && step["resend_at"] == nil)
                code = try await agent.totpCode
            } else {
                let message = try await agent.tenant.nextMessage(for: authenticator.value)
                #expect(message.connection == authenticator.kind.rawValue)
                #expect(step["sent_to"]?.string == authenticator.name)
                #expect(step["resend_at"] != nil)
                code = message.code
            }
            let end = try await login.answer(code: code)
            #expect(end["kind"] == "signed_in" && end["refreshable"] == true)
            #expect(end["account"]?["email"] == .string(RunningAgent.person))
            let token = try await agent.token()
            let refreshed = try await agent.call("token.get", ["force": true])
            #expect(refreshed["from"] == "refresh" && refreshed["access_token"] != .string(token))
        }
    }

    @Test("several are to be chosen from, and nothing is sent before one is")
    func choice() async throws {
        try await withFactors([Self.otp, Self.sms, Self.push]) { agent in
            let (login, step) = try await agent.startSecondFactor()
            #expect(step["kind"] == "choose_factor")
            #expect(step["factors"]?.array?.map { $0["type"] } == ["otp", "phone", "push-notification"])
            #expect(await agent.tenant.requests(to: .challenge).isEmpty)
            #expect(try await login.refusal(of: ["code": .string(agent.totpCode)])?.code == 1013)
            #expect(try await login.refusal(of: ["factor": "totp|dev_nobody"])?.code == -32602)

            let chosen = try await login.answer(["factor": .string(Self.sms.id)])
            #expect(chosen["kind"] == "factor_code" && chosen["factor"]?["type"] == "phone")
            #expect(await agent.tenant.messages.count == 2)
            let end = try await login.answer(code: agent.tenant.nextCode(for: Reachable.phone))
            #expect(end["kind"] == "signed_in")
        }
    }

    @Test("another factor can be chosen where one is asked for already")
    func wayBack() async throws {
        try await withFactors([Self.otp, Self.sms, Self.push]) { agent in
            let (login, _) = try await agent.startSecondFactor()
            try await login.answer(["factor": .string(Self.sms.id)])
            let pushed = try await login.answer(["factor": .string(Self.push.id)])
            #expect(pushed["kind"] == "push" && pushed["factors"]?.array?.count == 3)
            #expect(try await login.refusal(of: ["code": "123456"])?.code == 1013)
            let last = try await login.answer(["factor": .string(Self.otp.id)])
            #expect(last["kind"] == "factor_code" && last["factor"]?["type"] == "otp")
            #expect(last["factors"]?.array?.count == 3)
            #expect(try await login.answer(code: agent.totpCode)["kind"] == "signed_in")
            #expect(await agent.tenant.requests(to: .token, grant: .mfaOOB).isEmpty, "the abandoned push was polled")
        }
    }

    @Test("a factor's code can be sent again after half a minute, which makes the first one worthless")
    func resend() async throws {
        try await withFactors([Self.sms]) { agent in
            let (login, _) = try await agent.startSecondFactor()
            let first = try await agent.tenant.nextCode(for: Reachable.phone)
            let early = try await #require(agent.refusal(of: "login.resend", ["login_id": login.id]))
            #expect(early.code == 1007)
            #expect(await agent.tenant.messages.count == 2)
            let state = try await agent.call("login.wait", ["login_id": login.id])
            // Nothing happens meanwhile: this returns when the time is over.
            let seconds = try #require(early.data["retry_after"])
            try await agent.call(
                "login.wait", ["login_id": login.id, "seen": state["revision"] ?? 0, "timeout": seconds])
            #expect(try await login.resend()["kind"] == "factor_code")
            let second = try await agent.tenant.nextCode(for: Reachable.phone)
            #expect(try await login.refusal(of: ["code": .string(first)])?.code == 1008)
            #expect(try await login.answer(code: second)["kind"] == "signed_in")
        }
    }

    @Test("a recovery code signs in, and its successor is told to whoever used it alone")
    func recoveryCode() async throws {
        try await withFactors([Self.otp, Self.recovery]) { agent in
            let (login, step) = try await agent.startSecondFactor()
            #expect(step["kind"] == "factor_code")
            let end = try await login.answer(["recovery_code": .string(Self.recovery.value)])
            #expect(end["kind"] == "signed_in")
            let next = try #require(end["recovery_code"])
            #expect(next != .string(Self.recovery.value))
            let shown = try await login.step()
            #expect(shown["kind"] == "signed_in" && shown["recovery_code"] == nil)

            // Chosen as a factor this time.
            let (second, _) = try await agent.startSecondFactor()
            let asked = try await second.answer(["factor": .string(Self.recovery.id)])
            #expect(asked["kind"] == "recovery_code" && asked["factors"]?.array?.count == 2)
            #expect(try await second.refusal(of: ["recovery_code": .string(Self.recovery.value)])?.code == 1008)
            #expect(try await second.answer(["recovery_code": next])["kind"] == "signed_in")
        }
    }

    @Test("an approved push signs in, whoever waits for it")
    func push() async throws {
        try await withFactors([Self.push]) { agent in
            let (login, step) = try await agent.startSecondFactor()
            #expect(step["kind"] == "push" && step["factor"]?["type"] == "push-notification")
            async let token = agent.call("token.get", ["join_login": true, "wait": 60])
            try await agent.tenant.requestAnswered(at: .token, grant: .mfaOOB)
            try await agent.tenant.approvePush(for: RunningAgent.person)
            let end = try await login.stepAfter("push")
            #expect(end["kind"] == "signed_in")
            #expect(try await token["from"] == "login")
            let polls = await agent.tenant.requests(to: .token, grant: .mfaOOB)
            #expect(polls.map(\.status) == [400, 200])
            // The tenant's limit is twelve a minute.
            #expect(polls[1].at - polls[0].at > 5)
        }
    }

    @Test("a tenant that is asked too often is asked more seldom")
    func slowDown() async throws {
        try await withFactors([Self.push]) { agent in
            await agent.tenant.order(.slowDown, at: .token, grant: .mfaOOB)
            let (login, _) = try await agent.startSecondFactor()
            try await agent.tenant.requestAnswered(at: .token, grant: .mfaOOB)
            try await agent.tenant.approvePush(for: RunningAgent.person)
            #expect(try await login.stepAfter("push")["kind"] == "signed_in")
            let polls = await agent.tenant.requests(to: .token, grant: .mfaOOB)
            #expect(polls.count == 2)
            #expect(polls[1].at - polls[0].at > 10)
        }
    }

    private func channel(of authenticator: Authenticator) -> String? {
        authenticator.kind == .otp ? nil : authenticator.kind.rawValue
    }
}
