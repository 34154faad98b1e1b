import DevTenant
import Foundation
import PosternProtocol
import Testing

@testable import Agent

@Suite("The life of a login")
struct LoginLifeTests {
    @Test("a login that nobody knows is 1012")
    func unknown() async throws {
        try await AgentFixture.run { fixture in
            let login = LoginState(
                loginID: "x", profile: "work", revision: 1, expiresAt: 0, step: .recoveryCode(.init()))
            #expect(await fixture.answerError(login, code: "1")?.code == .loginNotFound)
        }
    }

    @Test("it ends by its time limit, can be read for 60 seconds, and is forgotten then")
    func timeLimit() async throws {
        try await AgentFixture.run { fixture in
            let login = try await fixture.startLogin()
            let limit = Double(login.expiresAt - fixture.clock.unixTime)
            try await fixture.clock.sleeper(within: limit...limit)
            async let end = fixture.agent.waitForLogin(
                WaitForLogin(loginID: login.loginID, seen: login.revision, timeout: 10_000))
            try await fixture.clock.sleeper(within: 10_000...10_000)
            fixture.clock.advance(by: limit)
            guard case .failed(let error) = try await end.step else {
                Issue.record("It goes on.")
                return
            }
            #expect(error.code == .timeout)
            let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
            #expect(await fixture.answerError(login, code: code)?.code == .loginNotFound)
            fixture.clock.advance(by: 60)
            #expect(try await fixture.state(of: login).step == .failed(error))
            fixture.clock.advance(by: 1)
            let gone = await failure { () async throws(AgentError) in _ = try await fixture.state(of: login) }
            #expect(gone?.code == .loginNotFound)
        }
    }

    @Test("a cancelled one has failed, and a second cancel is 1012")
    func cancel() async throws {
        try await AgentFixture.run { fixture in
            let login = try await fixture.startLogin()
            try await fixture.cancel(login)
            guard case .failed = try await fixture.state(of: login).step else {
                Issue.record("It goes on.")
                return
            }
            let again = await failure { () async throws(AgentError) in try await fixture.cancel(login) }
            #expect(again?.code == .loginNotFound)
        }
    }

    @Test("cancelled while its code is exchanged, the tokens are revoked and nobody is signed in")
    func cancelDuringExchange() async throws {
        try await AgentFixture.run { fixture in
            let login = try await fixture.startLogin()
            let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
            await fixture.tenant.order(.holdAnswer, at: .token)
            async let error = fixture.answerError(login, code: code)
            try await fixture.tenant.requestHeld(at: .token)
            try await fixture.cancel(login)
            await fixture.tenant.release()
            #expect(await error?.code == .loginNotFound)
            try await fixture.tenant.requestArrived(at: .revoke)
            #expect(await fixture.tokenError()?.data.cause == "never")
        }
    }

    @Test("login.wait answers at once what the caller has not seen, then at the change or at the timeout")
    func wait() async throws {
        try await AgentFixture.run { fixture in
            let login = try await fixture.startLogin()
            let unseen = WaitForLogin(loginID: login.loginID, seen: login.revision - 1)
            #expect(try await fixture.agent.waitForLogin(unseen) == login)
            let seen = WaitForLogin(loginID: login.loginID, seen: login.revision, timeout: 9)
            async let timedOut = fixture.agent.waitForLogin(seen)
            try await fixture.clock.sleeper(within: 9...9)
            fixture.clock.advance(by: 9)
            #expect(try await timedOut == login)
            async let changed = fixture.agent.waitForLogin(seen)
            try await fixture.clock.sleeper(within: 9...9)
            let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
            let end = try await fixture.answer(login, code: code)
            #expect(try await changed == end)
            #expect(end.revision > login.revision)
            #expect(
                try await fixture.agent.waitForLogin(WaitForLogin(loginID: login.loginID, seen: end.revision)) == end)
        }
    }

    @Test("token.get with join_login waits for it, and has its token")
    func joinLogin() async throws {
        try await AgentFixture.run { fixture in
            #expect(await fixture.tokenError(.with(joinLogin: true))?.code == .loginRequired)
            let login = try await fixture.startLogin()
            #expect(await fixture.tokenError()?.code == .loginRequired)
            async let token = fixture.token(.with(wait: 33, joinLogin: true))
            try await fixture.clock.sleeper(within: 33...33)
            let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
            _ = try await fixture.answer(login, code: code)
            #expect(try await token.from == .login)
        }
    }

    @Test("token.get with join_login gives up after its wait")
    func joinLoginTimeout() async throws {
        try await AgentFixture.run { fixture in
            _ = try await fixture.startLogin()
            async let error = fixture.tokenError(.with(wait: 33, joinLogin: true))
            try await fixture.clock.sleeper(within: 33...33)
            fixture.clock.advance(by: 33)
            #expect(await error?.code == .loginRequired)
        }
    }
}
