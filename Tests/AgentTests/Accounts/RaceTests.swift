import DevTenant
import Foundation
import KeyringProtocol
import PosternProtocol
import Testing

@testable import Agent

@Suite("Things that happen at the same time")
struct RaceTests {
    @Test("a code is exchanged to the end though its caller goes away")
    func callerGoesAway() async throws {
        try await AgentFixture.run { fixture in
            let login = try await fixture.startLogin()
            let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
            await fixture.tenant.order(.holdAnswer, at: .token)
            let caller = Task { try await fixture.answer(login, code: code) }
            _ = try await fixture.tenant.requestHeld(at: .token)
            caller.cancel()
            await fixture.tenant.release()
            _ = await caller.result
            guard case .signedIn = try await fixture.state(of: login).step else {
                Issue.record("Not signed in.")
                return
            }
            #expect(try await fixture.token().from == .cache)
        }
    }

    @Test("the agent's end waits for a code that is being exchanged")
    func endDuringExchange() async throws {
        try await AgentFixture.run { fixture in
            let login = try await fixture.startLogin()
            let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
            await fixture.tenant.order(.holdAnswer, at: .token)
            async let state = fixture.answer(login, code: code)
            _ = try await fixture.tenant.requestHeld(at: .token)
            async let end: Void = fixture.agent.logins.finish()
            await fixture.tenant.release()
            await end
            #expect(fixture.store.record() != nil)
            _ = try await state
        }
    }

    @Test("a login is void once its profile has come to mean something else, and its token is revoked")
    func profileChangesDuringLogin() async throws {
        try await AgentFixture.run { fixture in
            let login = try await fixture.startLogin()
            let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
            try await fixture.reconfigure(adding: ["scope = openid offline_access"])
            #expect(await fixture.answerError(login, code: code)?.code == .misconfigured)
            try await fixture.tenant.requestArrived(at: .revoke)
            #expect(fixture.store.record() == nil)
        }
    }

    @Test("a profile that is gone is refreshed no more, in doubt or not")
    func profileGone() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.order(.page(503), times: 5)
            async let error = fixture.tokenError(.with(force: true))
            try await fixture.refreshArrived(1)
            try fixture.files.writeConfiguration([])
            try await fixture.agent.applyConfiguration()
            _ = await error
            fixture.clock.advance(by: 600)
            #expect(await fixture.refreshes.count == 1)
        }
    }

    @Test("a client secret is never sent to another tenant than it was set for")
    func foreignClientSecret() async throws {
        try await AgentFixture.run(["client_auth = client_secret_post"]) { fixture in
            let item = KeyringItem(kind: .clientSecret, profile: "work", collection: .default)
            try await fixture.store.save(
                #"{"issuer":"https://other.example/","client_id":"postern-dev","secret":"s"}"#, as: item)
            #expect(await fixture.startError()?.code == .misconfigured)
            #expect(await fixture.tenant.requests(to: .start).isEmpty)
        }
    }

    @Test("while the keyring is locked it is looked at once in five seconds, and no oftener")
    func lockedKeyring() async throws {
        try await AgentFixture.run { fixture in
            fixture.store.fail(.locked)
            for _ in 1...3 {
                let pause = try #require(try await fixture.wake())
                #expect((4.9...5).contains(pause))
            }
        }
    }

    @Test("a sign-in that could not be saved does not bring back the one that was signed out before it")
    func unsavedAfterLogout() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            fixture.store.fail(.locked)
            _ = try await fixture.agent.logout(Logout())
            #expect(try await fixture.account.parts.notes.exists(for: fixture.account.item))
            fixture.store.fail(nil)
            let login = try await fixture.startLogin()
            let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
            fixture.store.fail(.locked)
            _ = try await fixture.answer(login, code: code)
            fixture.store.fail(nil)
            let next = try await fixture.restarted()
            #expect(await next.tokenError()?.data.cause == "never")
        }
    }

    @Test("a refused token is forgotten for good, also by the keyring")
    func rejectedStaysRejected() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let refused = try await fixture.token()
            await fixture.order(.page(503))
            #expect(await fixture.tokenError(.with(wait: 0, rejected: sha256(refused.accessToken))) != nil)
            // The fault is for this refresh, and not for the next process's.
            try await fixture.tenant.requestAnswered(at: .token, grant: .refreshToken)
            _ = try await fixture.wake()
            let next = try await fixture.restarted()
            #expect(try await next.token().accessToken != refused.accessToken)
        }
    }

    @Test("a token as long as the whole lifetime is 1017, and asking again refreshes nothing")
    func wholeLifetime() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            fixture.clock.advance(by: 10)
            for _ in 1...3 {
                #expect(await fixture.tokenError(.with(minTTL: 86_401))?.code == .ttlUnavailable)
            }
            #expect(await fixture.refreshes.count <= 1)
        }
    }

    @Test("what an earlier refresh failed of is not the reason why a new one has not ended")
    func staleCause() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.order(.refusal(400, "invalid_request", "Nonsense."))
            #expect(await fixture.tokenError(.with(force: true))?.code == .misconfigured)
            await fixture.order(.hold)
            #expect(await fixture.tokenError(.with(wait: 0, force: true))?.code == .timeout)
            await fixture.tenant.release()
        }
    }

    @Test("5xx ends no login, whatever its body says")
    func serverErrorWithRefusal() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.order(.refusal(500, "invalid_grant", "Unknown or invalid refresh token."))
            async let token = fixture.token(.with(force: true))
            try await fixture.refreshArrived(1)
            fixture.clock.advance(by: try await fixture.clock.sleeper(within: 0.1...2))
            #expect(try await token.from == .refresh)
        }
    }
}
