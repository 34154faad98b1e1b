import DevTenant
import Foundation
import PosternProtocol
import Testing

@testable import Agent

@Suite("The refresh token behind a proof")
struct ProofTests {
    /// Runs with a login that waits for the one-time password that a refresh asks for.
    private static func run(
        tenant edit: (inout Options) -> Void = { _ in }, _ settings: [String] = [],
        _ body: @escaping @Sendable (AgentFixture, LoginState) async throws -> Void
    ) async throws {
        try await AgentFixture.runRefreshing(tenant: edit, settings) { fixture in
            try await body(fixture, try await fixture.choose(Authenticator.otp.id, try await fixture.demand()))
        }
    }

    /// A proof whose answer the tenant holds back.
    private static func held(
        _ fixture: AgentFixture, _ login: LoginState, _ fault: Fault = .holdAnswer
    ) async throws -> Task<Result<LoginState, AgentError>, Never> {
        await fixture.tenant.order(fault, at: .token, grant: .mfaOTP)
        let code = try await fixture.tenant.totpCode(for: AgentFixture.person)
        let answer = Task { () -> Result<LoginState, AgentError> in
            do throws(AgentError) {
                return .success(try await fixture.answer(login, code: code))
            } catch {
                return .failure(error)
            }
        }
        try await fixture.tenant.requestHeld(at: .token, grant: .mfaOTP)
        return answer
    }

    private static func hasIntent(_ fixture: AgentFixture) -> Bool {
        fixture.store.record()?.contains("refreshing_since") == true
    }

    @Test("an intent is written ahead of it, and taken back once the login has ended without one")
    func intent() async throws {
        try await Self.run { fixture, login in
            #expect(!Self.hasIntent(fixture))
            let answer = try await Self.held(fixture, login, .hold)
            #expect(Self.hasIntent(fixture))
            await fixture.tenant.cancelFaults()
            await fixture.tenant.release()
            _ = await answer.value
        }
        try await Self.run { fixture, login in
            #expect(await fixture.answerError(login, code: "000000")?.code == .wrongCode)
            #expect(Self.hasIntent(fixture))
            try await fixture.cancel(login)
            _ = try await fixture.wake()
            #expect(!Self.hasIntent(fixture))
            await fixture.killRefreshToken()
            #expect(await fixture.tokenError()?.data.cause == "reuse_suspected")
        }
    }

    @Test("with a keyring that cannot be written it is 1004, nothing is sent, and the login waits on")
    func keyringLocked() async throws {
        try await Self.run { fixture, login in
            fixture.store.fail(.locked)
            let code = try await fixture.tenant.totpCode(for: AgentFixture.person)
            #expect(await fixture.answerError(login, code: code)?.code == .keyringLocked)
            #expect(await fixture.proofs.isEmpty)
            fixture.store.fail(nil)
            #expect(try await fixture.answer(login, code: code).step.kind == "signed_in")
        }
    }

    @Test("what it brings is saved before it is served")
    func savedFirst() async throws {
        try await Self.run { fixture, login in
            let answer = try await Self.held(fixture, login)
            fixture.store.hold()
            await fixture.tenant.release()
            try await fixture.store.callHeld()
            #expect(await fixture.tokenError(.with(wait: 0)) != nil)
            fixture.store.release()
            #expect(try await answer.value.get().step.kind == "signed_in")
            #expect(try await fixture.token().from == .cache)
        }
    }

    @Test("if it cannot be saved it is served all the same, and saved later")
    func unsaved() async throws {
        try await Self.run { fixture, login in
            let answer = try await Self.held(fixture, login)
            fixture.store.fail(.locked)
            await fixture.tenant.release()
            #expect(try await answer.value.get().step.kind == "signed_in")
            #expect(try await fixture.token().from == .cache)
            #expect(try await fixture.status.saved == false)
            fixture.store.fail(nil)
            fixture.clock.advance(by: 5)
            _ = try await fixture.wake()
            #expect(try await fixture.restarted().token().from == .cache)
        }
    }

    @Test("an answer that is lost leaves the token in doubt: a refusal after it is lost_answer")
    func lostAnswer() async throws {
        try await Self.run { fixture, login in
            await fixture.tenant.order(.loseAnswer, at: .token, grant: .mfaOTP)
            let code = try await fixture.tenant.totpCode(for: AgentFixture.person)
            #expect(await fixture.answerError(login, code: code)?.code == .offline)
            #expect(try await fixture.account.isInDoubt)
            #expect(Self.hasIntent(fixture))
            // The mfa_token is used up.
            #expect(await fixture.answerError(login, code: code)?.code == .codeExpired)
            #expect(await fixture.tokenError()?.data.cause == "lost_answer")
        }
    }

    @Test("within rotation_overlap a lost answer costs nothing but another proof")
    func lostAnswerWithOverlap() async throws {
        try await Self.run(
            tenant: { $0.clients = [Client(refreshTokens: .init(overlap: 60))] }, ["rotation_overlap = 60"]
        ) { fixture, login in
            await fixture.tenant.order(.loseAnswer, at: .token, grant: .mfaOTP)
            let code = try await fixture.tenant.totpCode(for: AgentFixture.person)
            #expect(await fixture.answerError(login, code: code)?.code == .offline)
            try await fixture.cancel(login)
            let next = try await fixture.choose(Authenticator.otp.id, try await fixture.demand())
            fixture.clock.advance(by: 30)
            #expect(try await fixture.answerTOTP(next).step.kind == "signed_in")
            #expect(try await fixture.account.isInDoubt == false)
        }
    }

    @Test("a definite refusal of the proof leaves no doubt", arguments: [Fault.slowDown, .rateLimited()])
    func noDoubt(fault: Fault) async throws {
        try await Self.run { fixture, login in
            await fixture.tenant.order(fault, at: .token, grant: .mfaOTP)
            #expect(await fixture.answerError(login, code: "000000") != nil)
            let isInDoubt = try await fixture.account.isInDoubt
            #expect(!isInDoubt)
        }
    }

    @Test("a refresh token that is refused behind the proof is 1001 with its cause, for good")
    func refused() async throws {
        try await Self.run { fixture, login in
            await fixture.killRefreshToken()
            let code = try await fixture.tenant.totpCode(for: AgentFixture.person)
            let error = await fixture.answerError(login, code: code)
            #expect(error?.code == .loginRequired)
            #expect(error?.data.cause == "reuse_suspected")
            #expect(try await fixture.state(of: login).step.failure == error)
            #expect(try await fixture.status.state == .loginRequired)
            #expect(try await fixture.status.lastError == error)
            #expect(await fixture.tokenError()?.data.cause == "reuse_suspected")
            #expect(await fixture.refreshes.count == 1)
        }
    }

    @Test("an ID token that is not valid is 1021, and the rotated token is kept")
    func invalidIDToken() async throws {
        try await Self.run { fixture, login in
            await fixture.tenant.order(.idToken(.otherAudience), at: .token, grant: .mfaOTP)
            let code = try await fixture.tenant.totpCode(for: AgentFixture.person)
            #expect(await fixture.answerError(login, code: code)?.code == .idTokenInvalid)
            #expect(try await fixture.state(of: login).step.failure?.code == .idTokenInvalid)
            await fixture.tenant.setMFAPolicy(.never)
            #expect(try await fixture.token().from == .refresh)
            #expect(await fixture.refreshes.map { $0.refreshToken?.generation } == [0, 1])
        }
    }

    @Test("tokens that cannot be used are 1020, and the rotated one among them is kept")
    func malformed() async throws {
        try await Self.run { fixture, login in
            await fixture.tenant.order(.members(["expires_in": "soon"]), at: .token, grant: .mfaOTP)
            let code = try await fixture.tenant.totpCode(for: AgentFixture.person)
            #expect(await fixture.answerError(login, code: code)?.code == .tenantError)
            await fixture.tenant.setMFAPolicy(.never)
            #expect(try await fixture.token().from == .refresh)
            #expect(await fixture.refreshes.map { $0.refreshToken?.generation } == [0, 1])
        }
    }

    @Test("signed out while it is under way, what it brings is revoked and never served")
    func logout() async throws {
        try await Self.run { fixture, login in
            let answer = try await Self.held(fixture, login)
            async let logout = fixture.agent.logout(Logout())
            try await fixture.tenant.requestArrived(at: .revoke)
            await fixture.tenant.release()
            #expect(await answer.value == .failure(.loginNotFound(profile: "work")))
            _ = try await logout
            try await fixture.tenant.requestArrived(at: .revoke, count: 2)
            #expect(fixture.store.record() == nil)
            #expect(await fixture.tokenError()?.data.cause == "never")
        }
    }

    @Test("signed in anew while it is under way, what it brings is revoked and the new tokens stay")
    func signIn() async throws {
        try await Self.run { fixture, login in
            let answer = try await Self.held(fixture, login)
            await fixture.tenant.setMFAPolicy(.never)
            let anew = try await fixture.startLogin(.with(restart: true))
            _ = try await fixture.answer(anew, code: try await fixture.tenant.nextCode(for: AgentFixture.person))
            let token = try await fixture.token().accessToken
            let record = fixture.store.record()
            await fixture.tenant.release()
            #expect(await answer.value == .failure(.loginNotFound(profile: "work")))
            try await fixture.tenant.requestArrived(at: .revoke, count: 2)
            #expect(try await fixture.token().accessToken == token)
            #expect(fixture.store.record() == record)
        }
    }

    @Test(
        "cancelled or out of time while it is under way, nothing is refreshed beside it, and callers get what it brings",
        arguments: [true, false])
    func endDuringProof(isCancelled: Bool) async throws {
        try await Self.run { fixture, login in
            let answer = try await Self.held(fixture, login)
            if isCancelled {
                try await fixture.cancel(login)
            } else {
                fixture.clock.advance(by: 600)
                #expect(try await fixture.end(of: login).failure?.code == .timeout)
            }
            #expect(Self.hasIntent(fixture))
            async let token = fixture.token(.with(wait: 77))
            try await fixture.clock.sleeper(within: 77...77)
            #expect(await fixture.refreshes.count == 1)
            await fixture.tenant.release()
            #expect(try await token.from == .refresh)
            #expect(await fixture.refreshes.count == 1)
            _ = await answer.value
            await fixture.tenant.setMFAPolicy(.never)
            #expect(try await fixture.token(.with(force: true)).from == .refresh)
            #expect(await fixture.refreshes.map { $0.refreshToken?.generation } == [0, 1])
        }
    }

    @Test("cancelled while a wrong one is under way, callers' refresh goes out when it has been answered")
    func endDuringWrongProof() async throws {
        try await Self.run { fixture, login in
            await fixture.tenant.order(.holdAnswer, at: .token, grant: .mfaOTP)
            async let error = fixture.answerError(login, code: "000000")
            try await fixture.tenant.requestHeld(at: .token, grant: .mfaOTP)
            try await fixture.cancel(login)
            async let next = fixture.tokenError(.with(wait: 77))
            try await fixture.clock.sleeper(within: 77...77)
            await fixture.tenant.release()
            #expect(await error?.code == .loginNotFound)
            #expect(await next?.code == .mfaRequired)
            #expect(await fixture.refreshes.count == 2)
        }
    }

    @Test("a profile that changes waits for it, so that it cannot overwrite its successor's record")
    func profileChanges() async throws {
        try await Self.run { fixture, login in
            let answer = try await Self.held(fixture, login)
            let writes = fixture.store.state.value.attempts
            async let reload: Void = fixture.reconfigure(adding: ["scope = openid offline_access"])
            try await fixture.isStopping(try await fixture.account)
            await fixture.tenant.release()
            try await reload
            // The rotated token is saved by now, and nothing is written later.
            #expect(fixture.store.state.value.attempts > writes)
            let record = fixture.store.record()
            _ = await answer.value
            #expect(fixture.store.record() == record)
        }
    }

    @Test("a login of a profile that has changed is joined by nobody")
    func loginOfOldProfile() async throws {
        try await Self.run { fixture, login in
            try await fixture.reconfigure(adding: ["scope = openid offline_access"])
            let anew = try await fixture.startLogin()
            #expect(anew.loginID != login.loginID)
            #expect(anew.step.kind == "code")
            #expect(await fixture.answerError(login, code: "000000")?.code == .loginNotFound)
            #expect(await fixture.proofs.isEmpty)
        }
    }

    @Test("it is carried out to the end though its caller goes away")
    func callerGoesAway() async throws {
        try await Self.run { fixture, login in
            let answer = try await Self.held(fixture, login)
            answer.cancel()
            await fixture.tenant.release()
            _ = await answer.result
            #expect(try await fixture.end(of: login).kind == "signed_in")
            #expect(try await fixture.token().from == .cache)
        }
    }
}
