import DevTenant
import Foundation
import PosternProtocol
import Testing

@testable import Agent

@Suite("A second factor at a refresh")
struct RefreshFactorTests {
    @Test("ten callers get 1011 with one login, for one refresh and nothing sent; even one factor is to be chosen")
    func callers() async throws {
        try await AgentFixture.runRefreshing(factors: [.sms]) { fixture in
            let errors = await withTaskGroup(of: AgentError?.self) { group in
                for _ in 1...10 { group.addTask { await fixture.tokenError() } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let codes = errors.map { $0?.code }
            let logins = Set(errors.map { $0?.data.login?.loginID })
            #expect(codes == Array(repeating: .mfaRequired, count: 10))
            #expect(logins.count == 1)
            #expect(errors.first??.data.login?.step.kind == "choose_factor")
            #expect(await fixture.refreshes.count == 1)
            #expect(await fixture.tenant.requests(to: .challenge).isEmpty)
            let state = try await fixture.status.state
            #expect(state == .mfaRequired)
        }
    }

    @Test("the proof brings what the refresh asked for, saved, and the next refresh spends the rotated token")
    func proof() async throws {
        try await AgentFixture.runRefreshing { fixture in
            let login = try await fixture.choose(Authenticator.otp.id, try await fixture.demand())
            let end = try await fixture.answerTOTP(login)
            #expect(end.step.signedIn?.account.email == AgentFixture.person)
            let token = try await fixture.token()
            #expect(token.from == .cache)
            #expect(end.step.signedIn?.expiresAt == token.expiresAt)
            #expect(try await fixture.status.state == .signedIn)
            #expect(fixture.store.record()?.contains("refreshing_since") == false)
            await fixture.tenant.setMFAPolicy(.never)
            let next = try await fixture.restarted()
            #expect(try await next.token(.with(force: true)).from == .refresh)
            #expect(await fixture.refreshes.map { $0.refreshToken?.generation } == [0, 1])
        }
    }

    @Test("an answer as the machine goes to sleep sends nothing, and can be given again after the resume")
    func asleep() async throws {
        try await AgentFixture.runRefreshing { fixture in
            let login = try await fixture.choose(Authenticator.otp.id, try await fixture.demand())
            await fixture.agent.machineChanged(.goingToSleep)
            await #expect(throws: AgentError.self) { try await fixture.answerTOTP(login) }
            #expect(try await fixture.state(of: login).step == login.step)
            #expect(await fixture.tenant.requests(to: .token, grant: .mfaOTP).isEmpty)
            await fixture.agent.machineChanged(.resumed)
            #expect(try await fixture.answerTOTP(login).step.signedIn != nil)
        }
    }

    @Test("the proof is of the audience that was asked for")
    func audience() async throws {
        let other = "https://other.example.com"
        let policy = RefreshTokenPolicy(resources: [.init(audience: other, scopes: ["read:x"])])
        try await AgentFixture.runRefreshing(
            tenant: {
                $0.clients = [Client(refreshTokens: policy)]
                $0.apis.append(API(identifier: other, scopes: ["read:x"]))
            }, ["audience = https://api.example.com", "audiences = \(other)"]
        ) { fixture in
            let error = await fixture.tokenError(.with(audience: other))
            let login = try await fixture.choose(Authenticator.otp.id, try #require(error?.data.login))
            _ = try await fixture.answerTOTP(login)
            let token = try await fixture.token(.with(audience: other))
            #expect(token.from == .cache)
            #expect(token.audience == other)
        }
    }

    @Test("until it is answered nothing is refreshed, by callers or in the background")
    func pause() async throws {
        try await AgentFixture.runRefreshing { fixture in
            let login = try await fixture.demand()
            for _ in 1...3 {
                #expect(try await fixture.demand() == login)
                try await fixture.wakeIdly()
            }
            #expect(await fixture.tokenError(.with(force: true))?.data.login == login)
            let idToken = await failure { () async throws(AgentError) in
                _ = try await fixture.agent.idToken(GetIDToken())
            }
            #expect(idToken?.data.login == login)
            #expect(await fixture.refreshes.count == 1)
        }
    }

    @Test("the access token of before is served for as long as it lives")
    func served() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.tenant.setAuthenticators([.otp], of: AgentFixture.person)
            await fixture.tenant.setMFAPolicy(.refresh)
            #expect(await fixture.tokenError(.with(force: true))?.code == .mfaRequired)
            #expect(try await fixture.token().from == .cache)
            #expect(try await fixture.status.state == .mfaRequired)
        }
    }

    @Test("a refresh ahead that is answered so makes no login, and is not tried again")
    func ahead() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.tenant.setAuthenticators([.otp], of: AgentFixture.person)
            await fixture.tenant.setMFAPolicy(.refresh)
            fixture.clock.advance(by: 86_400 - 200)
            _ = try await fixture.wake()
            try await fixture.account.flight?.task.value
            #expect(try await fixture.status.state == .mfaRequired)
            #expect(await fixture.agent.logins.live("work") == nil)
            // The demand is forgotten after a while; the next caller's refresh brings another.
            #expect(try await fixture.wake() == 300)
            fixture.clock.advance(by: 300)
            try await fixture.wakeIdly()
            #expect(await fixture.refreshes.count == 1)
            #expect(try await fixture.demand().step.kind == "choose_factor")
            #expect(await fixture.refreshes.count == 2)
        }
    }

    @Test(
        "once it is cancelled, out of time or denied, the next caller's refresh brings another", arguments: [0, 1, 2])
    func another(end: Int) async throws {
        try await AgentFixture.runRefreshing(factors: [.push]) { fixture in
            let login = try await fixture.demand()
            switch end {
            case 0: try await fixture.cancel(login)
            case 1: fixture.clock.advance(by: 600)
            default:
                _ = try await fixture.choose(Authenticator.push.id, login)
                try await fixture.tenant.denyPush(for: AgentFixture.person)
                try await fixture.poll(1, after: 6)
            }
            #expect(try await fixture.end(of: login).failure?.code == [.denied, .timeout, .denied][end])
            let next = try await fixture.demand()
            #expect(next.loginID != login.loginID)
            #expect(await fixture.refreshes.map { $0.refreshToken?.generation } == [0, 0])
        }
    }

    @Test("an approved push brings the token")
    func push() async throws {
        try await AgentFixture.runRefreshing(factors: [.push]) { fixture in
            let login = try await fixture.choose(Authenticator.push.id, try await fixture.demand())
            async let token = fixture.token(.with(wait: 100, joinLogin: true))
            try await fixture.clock.sleeper(within: 100...100)
            try await fixture.poll(1, after: 6)
            try await fixture.tenant.approvePush(for: AgentFixture.person)
            try await fixture.poll(2, after: 6)
            #expect(try await token.from == .login)
            #expect(try await fixture.end(of: login).kind == "signed_in")
        }
    }

    @Test("who has no factor sets one up")
    func enrollment() async throws {
        try await AgentFixture.runRefreshing(factors: []) { fixture in
            let login = try await fixture.demand()
            #expect(login.step.kind == "enroll")
            _ = try await fixture.enroll(.otp, login)
            #expect(try await fixture.answerTOTP(login).step.kind == "signed_in")
            #expect(try await fixture.token().from == .cache)
        }
    }

    @Test("the recovery code's successor stands in the answer alone")
    func recoveryCode() async throws {
        try await AgentFixture.runRefreshing(factors: [.otp, .recovery]) { fixture in
            let login = try await fixture.demand()
            let end = try await fixture.answer(login, recoveryCode: Authenticator.recovery.value)
            #expect(end.step.signedIn?.recoveryCode != nil)
            #expect(try await fixture.state(of: login).step.signedIn?.recoveryCode == nil)
        }
    }

    @Test("login.start joins it, for the same person; restart begins anew, with a code")
    func join() async throws {
        try await AgentFixture.runRefreshing { fixture in
            let login = try await fixture.demand()
            #expect(try await fixture.startLogin() == login)
            #expect(try await fixture.startLogin(.with(username: nil)) == login)
            #expect(await fixture.startError(.with(username: "eve@example.com"))?.code == .wrongStep)
            let anew = try await fixture.startLogin(.with(restart: true))
            #expect(anew.step.kind == "code")
            #expect(try await fixture.state(of: login).step.kind == "failed")
        }
    }

    @Test("while somebody signs in anew, 1011 names that login")
    func liveLogin() async throws {
        try await AgentFixture.runRefreshing { fixture in
            let login = try await fixture.startLogin()
            #expect(try await fixture.demand() == login)
            #expect(await fixture.tenant.requests(to: .authenticators).isEmpty)
        }
    }

    @Test("if the factors cannot be had it is 1006, and the next caller gets the login")
    func factorsUnavailable() async throws {
        try await AgentFixture.runRefreshing { fixture in
            await fixture.tenant.order(.page(503), at: .authenticators)
            let errors = await withTaskGroup(of: AgentError?.self) { group in
                for _ in 1...5 { group.addTask { await fixture.tokenError() } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let offline = errors.filter { $0?.code == .offline }
            let logins = Set(errors.compactMap { $0?.data.login?.loginID })
            #expect(offline.count == 1)
            #expect(logins.count == 1)
        }
    }

    @Test("if the tenant does not know its own mfa_token it is 1011 without a login")
    func unknownToken() async throws {
        try await AgentFixture.runRefreshing { fixture in
            await fixture.order(.mfaRequired())
            let error = await fixture.tokenError()
            #expect(error?.code == .mfaRequired)
            #expect(error?.data.login == nil)
            let login = try await fixture.demand()
            #expect(login.step.kind == "choose_factor")
        }
    }

    @Test("a new process asks the tenant anew")
    func restart() async throws {
        try await AgentFixture.runRefreshing { fixture in
            let login = try await fixture.demand()
            let next = try await fixture.restarted()
            #expect(try await next.demand().loginID != login.loginID)
            #expect(await fixture.refreshes.count == 2)
        }
    }
}
