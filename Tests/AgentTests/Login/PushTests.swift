import DevTenant
import PosternProtocol
import Testing

@testable import Agent

@Suite("Waiting for a push to be approved")
struct PushTests {
    /// Runs with a login that waits for an approval.
    private static func run(
        factors: [Authenticator] = [.push, .recovery], tenant edit: (inout Options) -> Void = { _ in },
        _ body: @escaping @Sendable (AgentFixture, LoginState) async throws -> Void
    ) async throws {
        try await AgentFixture.run(factors: factors, tenant: edit) { fixture in
            let login = try await fixture.passCode()
            #expect(login.step.kind == "push")
            try await body(fixture, login)
        }
    }

    @Test("it asks after six seconds and every six, and signs in once the person has approved")
    func approval() async throws {
        try await Self.run { fixture, login in
            for count in 1...3 {
                #expect(await fixture.proofs.count == count - 1)
                try await fixture.poll(count, after: 6)
            }
            #expect(try await fixture.state(of: login) == login)
            try await fixture.tenant.approvePush(for: AgentFixture.person)
            try await fixture.poll(4, after: 6)
            #expect(try await fixture.end(of: login).signedIn?.refreshable == true)
            #expect(try await fixture.restarted().token().from == .cache)
        }
    }

    @Test("a refusal, in either of its shapes, ends it as 1014", arguments: PushDenial.allCases)
    func denial(denial: PushDenial) async throws {
        try await Self.run { fixture, login in
            try await fixture.tenant.denyPush(for: AgentFixture.person, as: denial)
            try await fixture.poll(1, after: 6)
            #expect(try await fixture.end(of: login).failure?.code == .denied)
        }
    }

    @Test("slow_down adds five seconds for good")
    func slowDown() async throws {
        try await Self.run { fixture, _ in
            await fixture.tenant.order(.slowDown, at: .token, times: 2)
            try await fixture.poll(1, after: 6)
            try await fixture.poll(2, after: 11)
            try await fixture.poll(3, after: 16)
            try await fixture.poll(4, after: 16)
        }
    }

    @Test("a rate limit adds five seconds, and Retry-After counts for the next question")
    func rateLimit() async throws {
        try await Self.run { fixture, _ in
            await fixture.tenant.order(.rateLimited(retryAfter: 60), at: .token)
            try await fixture.poll(1, after: 6)
            try await fixture.poll(2, after: 60)
            await fixture.tenant.order(.rateLimited(), at: .token)
            try await fixture.poll(3, after: 11)
            try await fixture.poll(4, after: 16)
        }
    }

    @Test("it asks on while the tenant cannot be reached")
    func offline() async throws {
        try await Self.run { fixture, login in
            for (count, fault) in [Fault.page(503), .page(200), .hangUp].enumerated() {
                await fixture.tenant.order(fault, at: .token)
                try await fixture.clock.sleeper(within: 6...6)
                fixture.clock.advance(by: 6)
                try await fixture.tenant.requestArrived(at: .token, grant: .mfaOOB, count: count + 1)
            }
            try await fixture.tenant.approvePush(for: AgentFixture.person)
            try await fixture.poll(1 + (await fixture.proofs.filter { $0.status != nil }.count), after: 6)
            #expect(try await fixture.end(of: login).kind == "signed_in")
        }
    }

    @Test("a notification that is too old ends it as 1009")
    func expired() async throws {
        try await Self.run(tenant: { $0.mfa.challengeLifetime = 6 }) { fixture, login in
            try await fixture.poll(1, after: 6)
            #expect(try await fixture.end(of: login).failure?.code == .codeExpired)
        }
    }

    @Test("it asks no more once it is cancelled, or its time is over", arguments: [true, false])
    func quietAfterEnd(isCancelled: Bool) async throws {
        try await Self.run { fixture, login in
            try await fixture.clock.sleeper(within: 6...6)
            if isCancelled {
                try await fixture.cancel(login)
            } else {
                // The questions that fall due at once are one.
                fixture.clock.advance(by: 600)
                #expect(try await fixture.end(of: login).failure?.code == .timeout)
            }
            try await fixture.isQuiet(login)
            let count = await fixture.proofs.count
            fixture.clock.advance(by: 60)
            try await fixture.isQuiet(login)
            #expect(await fixture.proofs.count == count)
        }
    }

    @Test("it asks no more once another factor is chosen")
    func quietAfterChoice() async throws {
        try await AgentFixture.run(factors: [.otp, .push]) { fixture in
            let push = try await fixture.choose(Authenticator.push.id, try await fixture.passCode())
            try await fixture.clock.sleeper(within: 6...6)
            let otp = try await fixture.choose(Authenticator.otp.id, push)
            fixture.clock.advance(by: 60)
            #expect(try await fixture.answerTOTP(otp).step.kind == "signed_in")
            #expect(await fixture.proofs.map(\.grant) == [.mfaOTP])
        }
    }

    @Test("a wrong recovery code meanwhile is 1008, and it asks on")
    func wrongRecoveryCode() async throws {
        try await Self.run { fixture, login in
            #expect(await fixture.answerError(login, recoveryCode: "WRONG")?.code == .wrongCode)
            try await fixture.poll(1, after: 6)
            try await fixture.tenant.approvePush(for: AgentFixture.person)
            try await fixture.poll(2, after: 6)
            #expect(try await fixture.end(of: login).kind == "signed_in")
        }
    }

    @Test("approved just before another answer, that answer is not sent and reports the sign-in")
    func approvedDuringAnswer() async throws {
        try await Self.run { fixture, login in
            try await fixture.tenant.approvePush(for: AgentFixture.person)
            await fixture.tenant.order(.holdAnswer, at: .token)
            try await fixture.clock.sleeper(within: 6...6)
            fixture.clock.advance(by: 6)
            try await fixture.tenant.requestHeld(at: .token)
            async let end = fixture.answer(login, recoveryCode: Authenticator.recovery.value)
            try await fixture.isAnswering(login)
            await fixture.tenant.release()
            #expect(try await end.step.kind == "signed_in")
            #expect(await fixture.proofs.map(\.grant) == [.mfaOOB])
        }
    }

    @Test("an answer given while a question is under way waits for it, and is worked on then")
    func answerDuringQuestion() async throws {
        try await Self.run { fixture, login in
            await fixture.tenant.order(.holdAnswer, at: .token)
            try await fixture.clock.sleeper(within: 6...6)
            fixture.clock.advance(by: 6)
            try await fixture.tenant.requestHeld(at: .token)
            async let end = fixture.answer(login, recoveryCode: Authenticator.recovery.value)
            try await fixture.isAnswering(login)
            #expect(await fixture.proofs.count == 1)
            await fixture.tenant.release()
            #expect(try await end.step.kind == "signed_in")
            #expect(await fixture.proofs.map(\.grant) == [.mfaOOB, .mfaRecoveryCode])
        }
    }

    @Test("denied while another answer is given, that answer is 1012")
    func deniedDuringAnswer() async throws {
        try await Self.run { fixture, login in
            try await fixture.tenant.denyPush(for: AgentFixture.person)
            await fixture.tenant.order(.holdAnswer, at: .token)
            try await fixture.clock.sleeper(within: 6...6)
            fixture.clock.advance(by: 6)
            try await fixture.tenant.requestHeld(at: .token)
            async let error = fixture.answerError(login, recoveryCode: Authenticator.recovery.value)
            try await fixture.isAnswering(login)
            await fixture.tenant.release()
            #expect(await error?.code == .loginNotFound)
            #expect(try await fixture.state(of: login).step.failure?.code == .denied)
        }
    }

    @Test("cancelled or out of time while an approval is on its way, its tokens are revoked", arguments: [true, false])
    func endDuringQuestion(isCancelled: Bool) async throws {
        try await Self.run { fixture, login in
            try await fixture.tenant.approvePush(for: AgentFixture.person)
            await fixture.tenant.order(.holdAnswer, at: .token)
            try await fixture.clock.sleeper(within: 6...6)
            fixture.clock.advance(by: 6)
            try await fixture.tenant.requestHeld(at: .token)
            if isCancelled { try await fixture.cancel(login) } else { fixture.clock.advance(by: 594) }
            #expect(try await fixture.end(of: login).kind == "failed")
            await fixture.tenant.release()
            try await fixture.tenant.requestArrived(at: .revoke)
            #expect(fixture.store.record() == nil)
            #expect(try await fixture.state(of: login).step.kind == "failed")
        }
    }

    @Test("the agent's end waits for a question under way, whose tokens are saved")
    func agentEnds() async throws {
        try await Self.run { fixture, _ in
            try await fixture.tenant.approvePush(for: AgentFixture.person)
            await fixture.tenant.order(.holdAnswer, at: .token)
            try await fixture.clock.sleeper(within: 6...6)
            fixture.clock.advance(by: 6)
            try await fixture.tenant.requestHeld(at: .token)
            async let end: Void = fixture.agent.logins.finish()
            await fixture.tenant.release()
            await end
            #expect(fixture.store.record() != nil)
        }
    }

    @Test("another notification may be sent after 30 seconds, and the older one is worthless")
    func resend() async throws {
        try await Self.run { fixture, login in
            #expect(await fixture.resendError(login)?.code == .rateLimited)
            try await fixture.poll(1, after: 6)
            fixture.clock.advance(by: 30)
            let again = try await fixture.resend(login)
            #expect(again.step == login.step)
            #expect(again.revision > login.revision)
            #expect(await fixture.tenant.requests(to: .challenge).count == 2)
            let count = await fixture.proofs.count
            try await fixture.tenant.approvePush(for: AgentFixture.person)
            try await fixture.poll(count + 1, after: 6)
            #expect(try await fixture.end(of: login).kind == "signed_in")
        }
    }
}
