import DevTenant
import Foundation
import PosternProtocol
import Testing

@testable import Agent

@Suite("Whom a fresh sign-in for the factors serves")
struct FactorAccessTests {
    private static let window = TerminalSession(leader: 100, leaderStart: 7, terminal: 34816)
    private static let own = Peer.connection(1)
    private static let other = Peer.connection(2)
    private static let ownTerminal = Peer.connection(3, terminal: window)
    private static let sameTerminal = Peer.connection(4, terminal: window)

    private static func answer(
        _ fixture: AgentFixture, _ login: LoginState, by peer: Peer, code: String? = nil, factor: String? = nil,
        recoveryCode: String? = nil
    ) async throws(AgentError) -> LoginState {
        var request = AnswerLogin(loginID: login.loginID)
        request.code = code
        request.factor = factor
        request.recoveryCode = recoveryCode
        return try await fixture.agent.answerLogin(request, peer)
    }

    /// The sign-in that a list needs first; nil if it is answered.
    private static func login(_ fixture: AgentFixture, _ peer: Peer) async throws -> LoginState? {
        guard case .login(let login) = try await fixture.agent.listFactors(ListFactors(), peer) else { return nil }
        return login
    }

    /// Whether this caller may manage the factors. That a sign-in is begun for it is taken back.
    private static func mayManage(_ fixture: AgentFixture, _ peer: Peer) async throws -> Bool {
        guard let login = try await login(fixture, peer) else { return true }
        try await fixture.cancel(login)
        return false
    }

    /// Signs in, begun by one and completed by the other.
    @discardableResult
    private static func signIn(
        _ fixture: AgentFixture, by peer: Peer, begunBy beginner: Peer? = nil
    ) async throws -> LoginState {
        let login = try #require(try await login(fixture, beginner ?? peer))
        let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
        return try await answer(fixture, login, by: peer, code: code)
    }

    @Test("without a terminal it is the connection alone: no other, and not the same program's next")
    func connection() async throws {
        try await AgentFixture.runSignedIn { fixture in
            try await Self.signIn(fixture, by: Self.own)
            #expect(try await Self.mayManage(fixture, Self.own))
            for peer in [Self.other, Self.ownTerminal, .connection(5)] {
                #expect(try await !Self.mayManage(fixture, peer))
                #expect(try await fixture.agent.enrollFactor(EnrollFactor(type: "otp"), peer).step.kind == "code")
                guard case .login = try await fixture.agent.removeFactor(RemoveFactor(id: "sms|1"), peer) else {
                    Issue.record("Removed.")
                    return
                }
            }
            #expect(await fixture.tenant.requests(to: .associate).isEmpty)
            #expect(try await Self.mayManage(fixture, Self.own))
        }
    }

    @Test("at a terminal it is the other connections of its session as well, and of no other session")
    func terminal() async throws {
        try await AgentFixture.runSignedIn { fixture in
            try await Self.signIn(fixture, by: Self.ownTerminal)
            #expect(try await Self.mayManage(fixture, Self.ownTerminal))
            #expect(try await Self.mayManage(fixture, Self.sameTerminal))
            for session in [
                nil, TerminalSession(leader: 101, leaderStart: 7, terminal: 34816),
                // Its leader's number was given to another process, or its terminal opened by another session.
                TerminalSession(leader: 100, leaderStart: 8, terminal: 34816),
                TerminalSession(leader: 100, leaderStart: 7, terminal: 34817),
            ] {
                #expect(try await !Self.mayManage(fixture, .connection(9, terminal: session)))
            }
        }
    }

    @Test("nobody learns of a sign-in under way but whom its proof would serve, so nobody can choose a factor in it")
    func joined() async throws {
        try await AgentFixture.runSignedIn(factors: [.push, .sms]) { fixture in
            let login = try #require(try await Self.login(fixture, Self.ownTerminal))
            #expect(try await Self.login(fixture, Self.sameTerminal)?.loginID == login.loginID)
            let others = try await Self.login(fixture, Self.other)
            #expect(others?.loginID != login.loginID && others?.step.kind == "code")
            #expect(try await Self.login(fixture, Self.other)?.loginID == others?.loginID)
            #expect(try await fixture.state(of: login).step.kind == "code")
        }
    }

    @Test("who completes it is served, and not who began it", arguments: [own, ownTerminal])
    func begunByAnother(beginner: Peer) async throws {
        try await AgentFixture.runSignedIn { fixture in
            try await Self.signIn(fixture, by: Self.other, begunBy: beginner)
            #expect(try await !Self.mayManage(fixture, beginner))
            #expect(try await Self.mayManage(fixture, Self.other))
        }
    }

    @Test(
        "of several answers the last one counts: of a one-time password, a message's code and a recovery code",
        arguments: [Authenticator.otp, .sms, .recovery])
    func lastAnswer(factor: Authenticator) async throws {
        try await AgentFixture.runSignedIn(factors: [.otp, .sms, .recovery]) { fixture in
            var login = try await Self.signIn(fixture, by: Self.own)
            login = try await Self.answer(fixture, login, by: Self.own, factor: factor.id)
            switch factor.kind {
            case .recoveryCode:
                login = try await Self.answer(fixture, login, by: Self.other, recoveryCode: factor.value)
            case .sms:
                let code = try await fixture.tenant.nextCode(for: AgentFixture.phone)
                login = try await Self.answer(fixture, login, by: Self.other, code: code)
            default:
                let code = try await fixture.tenant.totpCode(for: AgentFixture.person)
                login = try await Self.answer(fixture, login, by: Self.other, code: code)
            }
            #expect(login.step.kind == "signed_in")
            #expect(try await !Self.mayManage(fixture, Self.own))
            #expect(try await Self.mayManage(fixture, Self.other))
        }
    }

    @Test("an approved push serves who chose it, whoever waits, answers meanwhile, or has it sent again")
    func push() async throws {
        try await AgentFixture.runSignedIn(factors: [.push, .otp]) { fixture in
            var login = try await Self.signIn(fixture, by: Self.other)
            login = try await Self.answer(fixture, login, by: Self.own, factor: Authenticator.push.id)
            try await fixture.clock.sleeper(within: 6...6)
            let early = await failure { [login] () async throws(AgentError) in
                _ = try await Self.answer(fixture, login, by: Self.other, factor: Authenticator.push.id)
            }
            #expect(early?.code == .rateLimited)
            _ = await failure { [login] () async throws(AgentError) in
                _ = try await Self.answer(fixture, login, by: Self.other, recoveryCode: "WRONG")
            }
            try await fixture.poll(1, after: 6)
            fixture.clock.advance(by: 30)
            _ = try await fixture.resend(login)
            let count = await fixture.proofs.filter { $0.grant == .mfaOOB }.count
            try await fixture.tenant.approvePush(for: AgentFixture.person)
            try await fixture.poll(count + 1, after: 6)
            #expect(try await fixture.end(of: login).kind == "signed_in")
            #expect(try await !Self.mayManage(fixture, Self.other))
            #expect(try await Self.mayManage(fixture, Self.own))
        }
    }

    @Test("it is good for ten minutes at most, whatever the tenant says", arguments: [86_400, 600, 60, 5])
    func lifetime(said: Int) async throws {
        try await AgentFixture.runSignedIn { fixture in
            let login = try #require(try await Self.login(fixture, Self.own))
            let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
            await fixture.tenant.order(.members(["expires_in": .integer(said)]), at: .token)
            let end = try await Self.answer(fixture, login, by: Self.own, code: code)
            #expect(end.step.signedIn?.expiresAt == fixture.clock.unixTime + min(said, 600))
            #expect(try await Self.mayManage(fixture, Self.own) == (said > 10))
            fixture.clock.advance(by: Double(min(said, 600)) - 11)
            #expect(try await Self.mayManage(fixture, Self.own) == (said > 10))
            fixture.clock.advance(by: 12)
            #expect(try await !Self.mayManage(fixture, Self.own))
            #expect(try await fixture.account.factorAccesses.isEmpty)
        }
    }

    @Test("to set up a factor does not prolong it, or give it to who confirms")
    func enrollment() async throws {
        try await AgentFixture.runSignedIn { fixture in
            try await Self.signIn(fixture, by: Self.own)
            let end = fixture.clock.unixTime + 600
            fixture.clock.advance(by: 300)
            let enrolling = try await fixture.agent.enrollFactor(EnrollFactor(type: "otp"), Self.own)
            let code = try await fixture.tenant.totpCode(for: AgentFixture.person)
            let done = try await Self.answer(fixture, enrolling, by: Self.other, code: code)
            #expect(done.step.signedIn?.expiresAt == end)
            #expect(try await !Self.mayManage(fixture, Self.other))
            #expect(try await Self.mayManage(fixture, Self.own))
            fixture.clock.advance(by: 301)
            #expect(try await !Self.mayManage(fixture, Self.own))
        }
    }

    @Test("two who have signed in set up factors side by side, and neither sees or ends the other's")
    func sideBySide() async throws {
        try await AgentFixture.runSignedIn { fixture in
            try await Self.signIn(fixture, by: Self.own)
            let enrolling = try await fixture.agent.enrollFactor(EnrollFactor(type: "push-notification"), Self.own)
            #expect(enrolling.step.enrollConfirm?.uri != nil)
            // Another caller is asked to sign in, and is not shown what is being set up.
            let login = try await fixture.agent.enrollFactor(EnrollFactor(type: "otp"), Self.other)
            #expect(login.step.kind == "code")
            let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
            _ = try await Self.answer(fixture, login, by: Self.other, code: code)
            let second = try await fixture.agent.enrollFactor(EnrollFactor(type: "otp"), Self.other)
            #expect(second.step.enrollConfirm?.secret != nil)
            #expect(try await fixture.state(of: enrolling).step.kind == "enroll_confirm")
            // One's own takes the place of the earlier one.
            _ = try await fixture.agent.enrollFactor(EnrollFactor(type: "otp"), Self.own)
            #expect(try await fixture.state(of: enrolling).step.kind == "failed")
            #expect(try await fixture.state(of: second).step.kind == "enroll_confirm")
        }
    }

    @Test("it is gone with a sign-out, and with another person's sign-in", arguments: [true, false])
    func gone(bySignOut: Bool) async throws {
        try await AgentFixture.runSignedIn { fixture in
            for peer in [Self.own, Self.ownTerminal] { try await Self.signIn(fixture, by: peer) }
            if bySignOut {
                try await fixture.agent.logout(Logout())
            } else {
                await fixture.killRefreshToken()
                _ = await fixture.tokenError(.with(force: true))
                let eve = try await fixture.startLogin(.with(username: "eve@example.com"))
                _ = try await fixture.answer(eve, code: try await fixture.tenant.nextCode(for: "eve@example.com"))
            }
            #expect(try await fixture.account.factorAccesses.isEmpty)
        }
    }

    @Test("one that the tenant refuses is dropped for whom it served alone")
    func refused() async throws {
        try await AgentFixture.runSignedIn { fixture in
            try await Self.signIn(fixture, by: Self.own)
            try await Self.signIn(fixture, by: Self.other)
            await fixture.tenant.order(.refusal(401, "invalid_token", "Invalid token"), at: .authenticators)
            #expect(try await !Self.mayManage(fixture, Self.own))
            #expect(try await Self.mayManage(fixture, Self.other))
        }
    }

    @Test("a refresh token that comes with it is revoked: nobody asked for one")
    func refreshToken() async throws {
        try await AgentFixture.runSignedIn { fixture in
            let login = try #require(try await Self.login(fixture, Self.own))
            let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
            await fixture.tenant.order(.members(["refresh_token": .string("v1.unasked")]), at: .token)
            _ = try await Self.answer(fixture, login, by: Self.own, code: code)
            let revoked = try await fixture.tenant.requestArrived(at: .revoke)
            #expect(revoked.body.contains("v1.unasked"))
        }
    }

    @Test("whoever signs out while the tenant is asked sets up nothing")
    func signedOutMeanwhile() async throws {
        try await AgentFixture.runSignedIn { fixture in
            try await Self.signIn(fixture, by: Self.own)
            await fixture.tenant.order(.holdAnswer, at: .associate)
            async let enrollment = fixture.agent.enrollFactor(EnrollFactor(type: "otp"), Self.own)
            try await fixture.tenant.requestArrived(at: .associate)
            try await fixture.agent.logout(Logout())
            await fixture.tenant.release()
            do {
                let state = try await enrollment
                Issue.record("It goes on: \(state.step.kind)")
            } catch let error as AgentError {
                #expect(error.code == .loginRequired)
            }
        }
    }

    @Test("an enrolment that was begun near the end serves no longer than the access itself")
    func enrollmentAtTheEnd() async throws {
        try await AgentFixture.runSignedIn { fixture in
            try await Self.signIn(fixture, by: Self.own)
            fixture.clock.advance(by: 583)
            let login = try await fixture.agent.enrollFactor(EnrollFactor(type: "otp"), Self.own)
            #expect(login.step.kind == "enroll_confirm")
            #expect(login.expiresAt <= fixture.clock.unixTime + 17)
        }
    }
}
