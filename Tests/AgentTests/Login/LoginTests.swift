import DevTenant
import KeyringProtocol
import PosternProtocol
import Testing

@testable import Agent

@Suite("A login")
struct LoginTests {
    @Test("it sends a code and says where to, masked, and until when")
    func start() async throws {
        try await AgentFixture.run { fixture in
            let login = try await fixture.startLogin()
            let now = fixture.clock.unixTime
            #expect(login.profile == "work")
            #expect(login.expiresAt > now)
            #expect(
                login.step
                    == .code(
                        .init(
                            channel: "email", sentTo: "a***@example.com", resendAt: now + 30, codeExpiresAt: now + 180))
            )
            #expect(await fixture.tenant.messages.count == 1)
        }
    }

    @Test("the right code signs in, and the tokens are saved")
    func signIn() async throws {
        try await AgentFixture.run { fixture in
            let state = try await fixture.signIn()
            guard case .signedIn(let result) = state.step else {
                Issue.record("\(state.step)")
                return
            }
            #expect(result.account.email == AgentFixture.person)
            #expect(result.account.sub.hasPrefix("email|"))
            #expect(result.expiresAt == fixture.clock.unixTime + 86_400)
            #expect(result.refreshable)
            #expect(try await fixture.status.state == .signedIn)
            #expect(try await fixture.restarted().token().from == .cache)
        }
    }

    @Test("by sms the address is a phone number")
    func sms() async throws {
        try await AgentFixture.run(["connection = sms", "username = +4915112345678"]) { fixture in
            let login = try await fixture.startLogin(.with(username: nil))
            guard case .code(let step) = login.step else {
                Issue.record("\(login.step)")
                return
            }
            #expect(step.channel == "sms")
            #expect(step.sentTo == "***5678")
            let code = try await fixture.tenant.nextCode(for: "+4915112345678")
            guard case .signedIn(let result) = try await fixture.answer(login, code: code).step else {
                Issue.record("Not signed in.")
                return
            }
            #expect(result.account.sub.hasPrefix("sms|"))
        }
    }

    @Test("spaces and hyphens in a code do not matter")
    func spacedCode() async throws {
        try await AgentFixture.run { fixture in
            let login = try await fixture.startLogin()
            let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
            let state = try await fixture.answer(login, code: " \(code.prefix(3))-\(code.dropFirst(3)) ")
            guard case .signedIn = state.step else {
                Issue.record("\(state.step)")
                return
            }
        }
    }

    @Test("a wrong code is 1008 and leaves two tries; the third ends it as 1010")
    func wrongCode() async throws {
        try await AgentFixture.run { fixture in
            let login = try await fixture.startLogin()
            let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
            let wrong = code == "000000" ? "000001" : "000000"
            for _ in 1...2 {
                #expect(await fixture.answerError(login, code: wrong)?.code == .wrongCode)
                #expect(try await fixture.state(of: login).step == login.step)
            }
            let error = await fixture.answerError(login, code: wrong)
            if error?.code == .wrongCode {
                #expect(await fixture.answerError(login, code: code)?.code == .tooManyAttempts)
            } else {
                #expect(error?.code == .tooManyAttempts)
            }
            guard case .failed(let failure) = try await fixture.state(of: login).step else {
                Issue.record("It goes on.")
                return
            }
            #expect(failure.code == .tooManyAttempts)
            #expect(await fixture.answerError(login, code: code)?.code == .loginNotFound)
        }
    }

    @Test("after a wrong code the right one signs in")
    func secondTry() async throws {
        try await AgentFixture.run { fixture in
            let login = try await fixture.startLogin()
            let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
            _ = await fixture.answerError(login, code: code == "000000" ? "000001" : "000000")
            _ = try await fixture.answer(login, code: code)
            #expect(try await fixture.token().from == .cache)
        }
    }

    @Test("an expired code ends it as 1009")
    func expiredCode() async throws {
        try await AgentFixture.run { fixture in
            let login = try await fixture.startLogin()
            let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
            fixture.clock.advance(by: 181)
            #expect(await fixture.answerError(login, code: code)?.code == .codeExpired)
            #expect(await fixture.answerError(login, code: code)?.code == .loginNotFound)
        }
    }

    @Test("an Action's refusal ends it as 1014, in the Action's own words")
    func denied() async throws {
        try await AgentFixture.run { fixture in
            let login = try await fixture.startLogin()
            let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
            await fixture.tenant.order(.refusal(403, "access_denied", "Only staff"), at: .token)
            let error = await fixture.answerError(login, code: code)
            #expect(error?.code == .denied)
            #expect(error?.data.errorDescription == "Only staff")
            #expect(await fixture.answerError(login, code: code)?.code == .loginNotFound)
        }
    }

    @Test("a bad ID token ends it as 1021, nothing is kept, and the refresh token is revoked")
    func badIDToken() async throws {
        try await AgentFixture.run { fixture in
            let login = try await fixture.startLogin()
            let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
            await fixture.tenant.order(.idToken(.otherAudience), at: .token)
            #expect(await fixture.answerError(login, code: code)?.code == .idTokenInvalid)
            #expect(await fixture.tokenError()?.data.cause == "never")
            #expect(try await fixture.tenant.requestArrived(at: .revoke).refreshToken?.generation == 0)
        }
    }

    @Test(
        "trouble on the way leaves it where it was",
        arguments: [
            (Fault.page(503), AgentError.Code.offline), (.page(200), .offline), (.hangUp, .offline),
            (.rateLimited(retryAfter: 5), .rateLimited),
        ])
    func trouble(fault: Fault, code: AgentError.Code) async throws {
        try await AgentFixture.run { fixture in
            let login = try await fixture.startLogin()
            let typed = try await fixture.tenant.nextCode(for: AgentFixture.person)
            await fixture.tenant.order(fault, at: .token)
            #expect(await fixture.answerError(login, code: typed)?.code == code)
            #expect(try await fixture.state(of: login).step == login.step)
            _ = try await fixture.answer(login, code: typed)
            #expect(try await fixture.token().from == .cache)
        }
    }

    @Test("a failed one leaves the tokens of before as they were")
    func failureKeeps() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let old = try await fixture.token()
            let login = try await fixture.startLogin()
            let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
            fixture.clock.advance(by: 181)
            #expect(await fixture.answerError(login, code: code) != nil)
            #expect(try await fixture.token().accessToken == old.accessToken)
            #expect(try await fixture.token(.with(force: true)).from == .refresh)
        }
    }

    @Test("an answer while another is worked on is 1013")
    func busy() async throws {
        try await AgentFixture.run { fixture in
            let login = try await fixture.startLogin()
            let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
            await fixture.tenant.order(.hold, at: .token)
            async let first = fixture.answer(login, code: code)
            try await fixture.tenant.requestHeld(at: .token)
            #expect(await fixture.answerError(login, code: code)?.code == .wrongStep)
            let resent = await failure { () async throws(AgentError) in _ = try await fixture.resend(login) }
            #expect(resent?.code == .wrongStep)
            await fixture.tenant.release()
            _ = try await first
        }
    }

    @Test("an answer that does not fit the step is 1013, and the step waits on")
    func wrongStep() async throws {
        try await AgentFixture.run { fixture in
            let login = try await fixture.startLogin()
            var answer = AnswerLogin(loginID: login.loginID)
            answer.factor = "totp|1"
            let error = await failure { [answer] () async throws(AgentError) in
                _ = try await fixture.agent.answerLogin(answer)
            }
            #expect(error?.code == .wrongStep)
            #expect(try await fixture.state(of: login).step == login.step)
        }
    }
}
