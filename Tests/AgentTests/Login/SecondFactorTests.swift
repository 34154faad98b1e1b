import DevTenant
import Foundation
import PosternProtocol
import Testing

@testable import Agent

@Suite("A second factor at sign-in")
struct SecondFactorTests {
    @Test(
        "with one factor only, a recovery code not counted, the right code leads straight to it",
        arguments: [
            (Authenticator.otp, "factor_code", nil), (.sms, "factor_code", "XXXXX0100"),
            (.email, "factor_code", "***@home********"), (.push, "push", nil),
        ] as [(Authenticator, String, String?)])
    func onlyOne(factor: Authenticator, kind: String, sentTo: String?) async throws {
        try await AgentFixture.run(factors: [factor, .recovery]) { fixture in
            let login = try await fixture.passCode()
            #expect(login.step.kind == kind)
            #expect(login.step.factorCode?.sentTo == sentTo)
            #expect(login.step.factorCode?.resendAt == (sentTo == nil ? nil : fixture.clock.unixTime + 30))
            #expect(await fixture.tenant.requests(to: .challenge).count == (factor.kind == .otp ? 0 : 1))
            #expect(fixture.store.record() == nil)
        }
    }

    @Test("a one-time password signs in, and the tokens are those of the profile, saved")
    func otp() async throws {
        try await AgentFixture.run(factors: [.otp], ["audience = https://api.example.com"]) { fixture in
            let login = try await fixture.passCode()
            let end = try await fixture.answerTOTP(login)
            #expect(end.step.signedIn?.refreshable == true)
            #expect(end.step.signedIn?.account.email == AgentFixture.person)
            #expect(end.step.signedIn?.recoveryCode == nil)
            #expect(try await fixture.restarted().token().audience == "https://api.example.com")
        }
    }

    @Test("a message's code signs in", arguments: [Authenticator.sms, .email])
    func message(factor: Authenticator) async throws {
        try await AgentFixture.run(factors: [factor]) { fixture in
            let login = try await fixture.passCode()
            let code = try await fixture.tenant.nextCode(for: factor.value)
            #expect(try await fixture.answer(login, code: code).step.kind == "signed_in")
        }
    }

    @Test("several are to be chosen from, and nothing is sent before", arguments: [Authenticator.sms, .email])
    func choice(factor: Authenticator) async throws {
        try await AgentFixture.run(factors: [.otp, factor, .recovery]) { fixture in
            let login = try await fixture.passCode()
            guard case .chooseFactor(let choice) = login.step else {
                Issue.record("\(login.step)")
                return
            }
            #expect(choice.factors.map(\.id) == [Authenticator.otp.id, factor.id, Authenticator.recovery.id])
            #expect(choice.factors.map(\.type) == [.otp, factor.kind == .sms ? .phone : .email, .recoveryCode])
            #expect(choice.factors[1].channel == factor.kind.rawValue)
            #expect(await fixture.tenant.requests(to: .challenge).isEmpty)
            let chosen = try await fixture.choose(factor.id, login)
            #expect(chosen.step.factorCode?.factor.id == factor.id)
            #expect(chosen.step.factorCode?.factors == choice.factors)
            #expect(chosen.revision > login.revision)
            let code = try await fixture.tenant.nextCode(for: factor.value)
            #expect(try await fixture.answer(chosen, code: code).step.kind == "signed_in")
        }
    }

    @Test(
        "another factor or a recovery code is taken wherever a factor is asked for",
        arguments: [nil, Authenticator.otp, .sms, .push, .recovery], [true, false])
    func wayBack(at factor: Authenticator?, byRecoveryCode: Bool) async throws {
        try await AgentFixture.run(factors: [.otp, .sms, .push, .recovery]) { fixture in
            var login = try await fixture.passCode()
            if let factor { login = try await fixture.choose(factor.id, login) }
            if byRecoveryCode {
                let end = try await fixture.answer(login, recoveryCode: Authenticator.recovery.value)
                #expect(end.step.kind == "signed_in")
            } else {
                let back = try await fixture.choose(Authenticator.otp.id, login)
                #expect(try await fixture.answerTOTP(back).step.kind == "signed_in")
            }
        }
    }

    @Test("an identifier that is none of the choice is -32602, and the login waits on")
    func unknownFactor() async throws {
        try await AgentFixture.run(factors: [.otp, .sms]) { fixture in
            let login = try await fixture.passCode()
            #expect(await fixture.chooseError("sms|other\u{1b}[1m", login)?.code == .invalidParams)
            #expect(try await fixture.state(of: login) == login)
            #expect(await fixture.tenant.requests(to: .challenge).isEmpty)
        }
    }

    @Test("a wrong code of any factor is 1008, and the login waits on", arguments: [Authenticator.otp, .sms])
    func wrongCode(factor: Authenticator) async throws {
        try await AgentFixture.run(factors: [factor]) { fixture in
            let login = try await fixture.passCode()
            let code =
                factor.kind == .otp
                ? try await fixture.tenant.totpCode(for: AgentFixture.person)
                : try await fixture.tenant.nextCode(for: factor.value)
            #expect(await fixture.answerError(login, code: code == "000000" ? "000001" : "000000")?.code == .wrongCode)
            #expect(try await fixture.state(of: login).step == login.step)
            #expect(try await fixture.answer(login, code: code).step.kind == "signed_in")
        }
    }

    @Test("a wrong recovery code is 1008; a right one brings the next, in the answer alone")
    func recoveryCode() async throws {
        try await AgentFixture.run(factors: [.otp, .sms, .recovery]) { fixture in
            let login = try await fixture.choose(Authenticator.recovery.id, try await fixture.passCode())
            #expect(login.step.kind == "recovery_code")
            #expect(await fixture.answerError(login, recoveryCode: "WRONG")?.code == .wrongCode)
            #expect(await fixture.answerError(login, recoveryCode: " - ")?.code == .wrongCode)
            let end = try await fixture.answer(login, recoveryCode: "N3BG-PZZW J85JLCNPZBDW6QXC")
            let next = try #require(end.step.signedIn?.recoveryCode)
            #expect(next.count == 24 && next != Authenticator.recovery.value)
            #expect(try await fixture.state(of: login).step.signedIn?.recoveryCode == nil)
        }
    }

    @Test("an answer of another kind than the step's is 1013, and the login waits on")
    func wrongStep() async throws {
        try await AgentFixture.run(factors: [.otp, .push]) { fixture in
            let login = try await fixture.passCode()
            #expect(await fixture.answerError(login, code: "1")?.code == .wrongStep)
            #expect(await fixture.enrollError(.otp, login)?.code == .wrongStep)
            #expect(await fixture.resendError(login)?.code == .wrongStep)
            let push = try await fixture.choose(Authenticator.push.id, login)
            #expect(await fixture.answerError(push, code: "1")?.code == .wrongStep)
            let otp = try await fixture.choose(Authenticator.otp.id, push)
            #expect(await fixture.resendError(otp)?.code == .wrongStep)
            #expect(try await fixture.state(of: login).step == otp.step)
        }
    }

    @Test("a message is sent again after 30 seconds, 1007 before, and the older code is dead")
    func resend() async throws {
        try await AgentFixture.run(factors: [.sms]) { fixture in
            let login = try await fixture.passCode()
            let old = try await fixture.tenant.nextCode(for: AgentFixture.phone)
            fixture.clock.advance(by: 20)
            let tooEarly = await fixture.resendError(login)
            #expect(tooEarly?.code == .rateLimited)
            #expect(tooEarly?.data.retryAfter == 10)
            fixture.clock.advance(by: 10)
            let again = try await fixture.resend(login)
            #expect(again.step.factorCode?.resendAt == fixture.clock.unixTime + 30)
            let new = try await fixture.tenant.nextCode(for: AgentFixture.phone)
            if old != new {
                #expect(await fixture.answerError(login, code: old)?.code == .wrongCode)
            }
            #expect(try await fixture.answer(login, code: new).step.kind == "signed_in")
        }
    }

    @Test("only the factors that the tenant names are offered; if none of them can be proven here it is 1014")
    func requirements() async throws {
        @Sendable func requirements(_ type: String) -> Fault {
            .members(["mfa_requirements": ["challenge": [["type": .string(type)]]]])
        }
        try await AgentFixture.run(factors: [.otp, .sms]) { fixture in
            await fixture.tenant.order(requirements("otp"), at: .token)
            #expect(try await fixture.passCode().step.factorCode?.factor.type == .otp)
            await fixture.tenant.order(requirements("webauthn-roaming"), at: .token)
            let login = try await fixture.startLogin(.with(restart: true))
            let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
            let error = await fixture.answerError(login, code: code)
            #expect(error?.code == .denied)
            #expect(error?.data.hint?.contains("webauthn-roaming") == true)
        }
    }

    @Test("its times are the wall clock's, though it waits by a clock that nobody can set")
    func wallClock() async throws {
        try await AgentFixture.run(factors: [.sms]) { fixture in
            let start = try await fixture.startLogin()
            fixture.clock.setWallClock(ahead: 3600)
            let now = fixture.clock.unixTime + 3600
            guard case .code(let step) = try await fixture.state(of: start).step else {
                Issue.record("\(start.step)")
                return
            }
            #expect(step.resendAt == now + 30 && step.codeExpiresAt == now + 180)
            #expect(try await fixture.state(of: start).expiresAt == now + 600)
            let login = try await fixture.answer(
                start, code: try await fixture.tenant.nextCode(for: AgentFixture.person))
            #expect(login.step.factorCode?.resendAt == now + 30)
            #expect(await fixture.resendError(login)?.data.retryAfter == 30)
            let code = try await fixture.tenant.nextCode(for: AgentFixture.phone)
            // The tenant's clock is the agent's own here.
            await fixture.tenant.order(.members(["id_token": .null]), at: .token)
            let end = try await fixture.answer(login, code: code)
            #expect(end.step.signedIn?.expiresAt == now + 86_400)
        }
    }

    @Test("no secret of the way to it stands in a state or an error")
    func secrecy() async throws {
        try await AgentFixture.run(factors: [.otp, .sms, .push, .recovery]) { fixture in
            var shown: [any Encodable & Sendable] = []
            var login = try await fixture.passCode()
            for factor in [Authenticator.sms, .push, .recovery, .otp] {
                login = try await fixture.choose(factor.id, login)
                shown.append(login)
                shown.append(try #require(await fixture.answerError(login, recoveryCode: "WRONG")))
            }
            shown.append(try await fixture.answerTOTP(login))
            shown.append(try await fixture.state(of: login))
            let text = try shown.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }.joined()
            for secret in await fixture.tenant.knownSecrets where secret.value != "WRONG" {
                #expect(!text.contains(secret.value), "\(secret.kind)")
            }
        }
    }
}
