import DevTenant
import TestSupport
import Testing

@Suite("Second factors when things go wrong")
struct FactorFaultTests {
    private static let otp = Authenticator(.otp)
    private static let sms = Authenticator(.sms, Reachable.phone)

    @Test("a code that was right is not lost because the factors could not be had at once")
    func factorsOutOfReach() async throws {
        try await withFactors([Self.otp]) { agent in
            await agent.tenant.order(.page(503), at: .authenticators)
            let login = try await agent.startLogin()
            let code = try await agent.tenant.nextCode(for: RunningAgent.person)
            #expect(try await login.refusal(of: ["code": .string(code)])?.code == 1006)
            // The tenant has taken the code and would take none again: whatever is typed, the factors are asked for.
            let step = try await login.answer(code: code)
            #expect(step["kind"] == "factor_code")
            #expect(try await login.answer(code: agent.totpCode)["kind"] == "signed_in")
            #expect(await agent.tenant.requests(to: .token, grant: .passwordlessOTP).count == 1)
        }
    }

    @Test("a message or a proof that meets a tenant in trouble can be tried again")
    func triedAgain() async throws {
        try await withFactors([Self.otp, Self.sms]) { agent in
            let (login, _) = try await agent.startSecondFactor()
            let choice: [String: JSON] = ["factor": .string(Self.sms.id)]
            await agent.tenant.order(.page(503), at: .challenge)
            #expect(try await login.refusal(of: choice)?.code == 1006)
            #expect(try await login.step()["kind"] == "choose_factor")
            try await login.answer(choice)
            let code = try await agent.tenant.nextCode(for: Reachable.phone)
            await agent.tenant.order(.rateLimited(retryAfter: 7), at: .token, grant: .mfaOOB)
            let limited = try await login.refusal(of: ["code": .string(code)])
            #expect(limited?.code == 1007 && limited?.data["retry_after"] == 7)
            #expect(try await login.step()["kind"] == "factor_code")
            #expect(try await login.answer(code: code)["kind"] == "signed_in")
        }
    }

    @Test("tokens that come when the sign-in has been given up are revoked, and sign nobody in")
    func cancelledTooLate() async throws {
        try await withFactors([Self.otp]) { agent in
            let (login, _) = try await agent.startSecondFactor()
            await agent.tenant.order(.holdAnswer, at: .token, grant: .mfaOTP)
            let code = try await agent.totpCode
            async let refusal = login.refusal(of: ["code": .string(code)])
            try await agent.tenant.requestHeld(at: .token, grant: .mfaOTP)
            #expect(try await login.refusal(of: ["code": "123456"])?.code == 1013)
            try await login.cancel()
            await agent.tenant.release()
            #expect(try await refusal?.code == 1012)
            try await agent.tenant.requestAnswered(at: .revoke)
            #expect(try await agent.refusal(of: "token.get")?.cause == "never")
            #expect(try await agent.record() == nil)
        }
    }

    @Test("a daemon that is told to stop does not wait for a person's approval")
    func stopped() async throws {
        try await withFactors([.init(.push)]) { agent in
            let (_, step) = try await agent.startSecondFactor()
            #expect(step["kind"] == "push")
            #expect(try await agent.stop() == .status(0))
            #expect(await agent.tenant.requests(to: .token, grant: .mfaOOB).isEmpty, "it waited for the next poll")
        }
    }

    @Test("an application without the MFA grants is told so, and which setting is meant")
    func grantNotEnabled() async throws {
        var options = Options.demandingMFA()
        options.clients = [Client(grants: [.passwordlessOTP, .refreshToken])]
        try await withFactors([Self.otp], options) { agent in
            let (login, _) = try await agent.startSecondFactor()
            let refusal = try await login.refusal(of: ["code": .string(agent.totpCode)])
            #expect(refusal?.code == 1015 && refusal?.data["error"] == "unauthorized_client")
            #expect(refusal?.data["hint"]?.string?.contains("MFA") == true)
        }
    }
}
