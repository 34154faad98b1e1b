import DevTenant
import Foundation
import PosternProtocol
import Testing

@testable import Agent

@Suite("Trouble at a second factor")
struct SecondFactorTroubleTests {
    @Test("if the only factor cannot be had now, it is to be chosen: 1007 there, and later it works")
    func tooManyMessages() async throws {
        try await AgentFixture.run(factors: [.sms]) { fixture in
            let refusal = Fault.refusal(
                400, "invalid_request", "Too many SMS sent by the user. Wait for some minutes before retrying.")
            await fixture.tenant.order(refusal, at: .challenge, times: 2)
            let login = try await fixture.passCode()
            #expect(login.step.kind == "choose_factor")
            #expect(await fixture.chooseError(Authenticator.sms.id, login)?.code == .rateLimited)
            #expect(try await fixture.choose(Authenticator.sms.id, login).step.kind == "factor_code")
        }
    }

    @Test("too many failed codes block the person: 1010, and the login is over")
    func tooManyCodes() async throws {
        try await AgentFixture.run(factors: [.otp]) { fixture in
            let login = try await fixture.passCode()
            for _ in 1...10 {
                #expect(await fixture.answerError(login, code: "000000")?.code == .wrongCode)
            }
            let error = await fixture.answerError(login, code: "000000")
            #expect(error?.code == .tooManyAttempts)
            #expect(error?.data.blocked == true)
            #expect(try await fixture.state(of: login).step == .failed(try #require(error)))
            #expect(await fixture.answerError(login, code: "1")?.code == .loginNotFound)
        }
    }

    @Test("an mfa_token that has expired ends the login as 1009, whatever the status", arguments: [403, 401])
    func expiredToken(status: Int) async throws {
        try await AgentFixture.run(
            factors: [.otp],
            tenant: {
                $0.mfa.tokenLifetime = 60
                $0.mfa.expiredStatus = status
            }
        ) { fixture in
            let login = try await fixture.passCode()
            fixture.clock.advance(by: 60)
            #expect(await fixture.answerError(login, code: "000000")?.code == .codeExpired)
            #expect(try await fixture.state(of: login).step.failure?.code == .codeExpired)
        }
    }

    @Test("a message that is too old ends the login as 1009")
    func expiredMessage() async throws {
        try await AgentFixture.run(factors: [.sms], tenant: { $0.mfa.challengeLifetime = 60 }) { fixture in
            let login = try await fixture.passCode()
            let code = try await fixture.tenant.nextCode(for: AgentFixture.phone)
            fixture.clock.advance(by: 60)
            #expect(await fixture.answerError(login, code: code)?.code == .codeExpired)
        }
    }

    @Test("the code was right, but the factors cannot be had: 1006, and any answer asks for them again")
    func factorsUnavailable() async throws {
        try await AgentFixture.run(factors: [.otp]) { fixture in
            let login = try await fixture.startLogin()
            let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
            await fixture.tenant.order(.page(503), at: .authenticators, times: 2)
            for _ in 1...2 {
                #expect(await fixture.answerError(login, code: code)?.code == .offline)
                #expect(try await fixture.state(of: login).step == login.step)
            }
            #expect(await fixture.resendError(login)?.code == .wrongStep)
            let next = try await fixture.answer(login, code: "whatever")
            #expect(next.step.kind == "factor_code")
            // The used code was not tried again.
            #expect(await fixture.tenant.requests(to: .token).count == 1)
            #expect(try await fixture.answerTOTP(next).step.kind == "signed_in")
        }
    }

    @Test("a tenant that cannot be reached for a proof is 1006, and the login waits on")
    func offline() async throws {
        try await AgentFixture.run(factors: [.otp]) { fixture in
            let login = try await fixture.passCode()
            let code = try await fixture.tenant.totpCode(for: AgentFixture.person)
            for fault in [Fault.page(503), .page(200), .hangUp] {
                await fixture.tenant.order(fault, at: .token)
                #expect(await fixture.answerError(login, code: code)?.code == .offline)
            }
            await fixture.tenant.order(.rateLimited(retryAfter: 9), at: .token)
            #expect(await fixture.answerError(login, code: code)?.data.retryAfter == 9)
            #expect(try await fixture.answer(login, code: code).step.kind == "signed_in")
        }
    }

    @Test("an Action that refuses after the proof is 1014 in its own words, and the login is over")
    func denied() async throws {
        try await AgentFixture.run(factors: [.otp]) { fixture in
            let login = try await fixture.passCode()
            await fixture.tenant.denyAfterChallenge(AgentFixture.person, "Not from here.")
            let code = try await fixture.tenant.totpCode(for: AgentFixture.person)
            let error = await fixture.answerError(login, code: code)
            #expect(error?.code == .denied)
            #expect(error?.data.errorDescription == "Not from here.")
            #expect(try await fixture.state(of: login).step.failure == error)
        }
    }

    @Test("without the MFA grant it is 1015, which names the setting")
    func grantNotEnabled() async throws {
        let client = Client(grants: [.passwordlessOTP, .refreshToken])
        try await AgentFixture.run(factors: [.otp], tenant: { $0.clients = [client] }) { fixture in
            let error = await fixture.answerError(try await fixture.passCode(), code: "000000")
            #expect(error?.code == .misconfigured)
            #expect(error?.data.hint?.contains("\"MFA\"") == true)
        }
    }

    @Test("an answer while a proof is under way is 1013")
    func busy() async throws {
        try await AgentFixture.run(factors: [.otp, .sms]) { fixture in
            let login = try await fixture.choose(Authenticator.otp.id, try await fixture.passCode())
            await fixture.tenant.order(.hold, at: .token)
            async let end = fixture.answerTOTP(login)
            try await fixture.tenant.requestHeld(at: .token)
            #expect(await fixture.chooseError(Authenticator.sms.id, login)?.code == .wrongStep)
            await fixture.tenant.release()
            #expect(try await end.step.kind == "signed_in")
        }
    }

    @Test("cancelled or out of time while a proof is under way, its tokens are revoked", arguments: [true, false])
    func endDuringProof(isCancelled: Bool) async throws {
        try await AgentFixture.run(factors: [.otp]) { fixture in
            let login = try await fixture.passCode()
            await fixture.tenant.order(.holdAnswer, at: .token)
            let code = try await fixture.tenant.totpCode(for: AgentFixture.person)
            async let error = fixture.answerError(login, code: code)
            try await fixture.tenant.requestHeld(at: .token)
            if isCancelled {
                try await fixture.cancel(login)
            } else {
                fixture.clock.advance(by: 600)
                #expect(try await fixture.end(of: login).failure?.code == .timeout)
            }
            await fixture.tenant.release()
            #expect(await error?.code == .loginNotFound)
            try await fixture.tenant.requestArrived(at: .revoke)
            #expect(fixture.store.record() == nil)
        }
    }

    @Test("a challenge that is answered after the login's end changes nothing")
    func endDuringChallenge() async throws {
        try await AgentFixture.run(factors: [.otp, .sms]) { fixture in
            let login = try await fixture.passCode()
            await fixture.tenant.order(.holdAnswer, at: .challenge)
            async let error = fixture.chooseError(Authenticator.sms.id, login)
            try await fixture.tenant.requestHeld(at: .challenge)
            try await fixture.cancel(login)
            let end = try await fixture.state(of: login)
            await fixture.tenant.release()
            #expect(await error?.code == .loginNotFound)
            #expect(try await fixture.state(of: login) == end)
        }
    }
}
