import DevTenant
import PosternProtocol
import ServiceLifecycle
import Testing

@testable import Agent

@Suite("Refreshing ahead")
struct RefreshAheadTests {
    @Test("it is due by the margin, and jitter only makes it earlier")
    func margin() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            for _ in 1...20 {
                try await fixture.account.drawJitter()
                let due = try #require(try await fixture.status.refreshDueAt)
                #expect((86_400 - 330...86_400 - 300).contains(due - fixture.clock.unixTime))
            }
        }
    }

    @Test("the margin is a quarter of a short lifetime at most")
    func shortLifetime() async throws {
        try await AgentFixture.run(tenant: { $0.accessTokenLifetime = 100 }) { fixture in
            try await fixture.signIn()
            let due = try #require(try await fixture.status.refreshDueAt)
            #expect((73...75).contains(due - fixture.clock.unixTime))
        }
    }

    @Test("the background task sleeps until then, refreshes, and sleeps again")
    func background() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            try await fixture.withRefresher {
                for count in 1...3 {
                    let pause = try await fixture.clock.sleeper(within: 86_400 - 330...86_400 - 300)
                    fixture.clock.advance(by: pause)
                    try await fixture.refreshArrived(count)
                }
            }
            #expect(try await fixture.token().from == .cache)
        }
    }

    @Test("one that fails is tried again after a pause that grows, and the token is served meanwhile")
    func failure() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            fixture.clock.advance(by: 86_400 - 300)
            await fixture.order(.refusal(429, "too_many_requests"), times: 3)
            for ceiling in [5.0, 10, 20] {
                _ = try await fixture.wake()
                try await fixture.account.flight?.task.value
                let pause = try #require(try await fixture.wake())
                #expect((0.5...ceiling).contains(pause))
                #expect(try await fixture.token().from == .cache)
                fixture.clock.advance(by: ceiling)
            }
        }
    }

    @Test("on-demand never refreshes by itself")
    func onDemand() async throws {
        try await AgentFixture.run(["refresh = on-demand"]) { fixture in
            try await fixture.signIn()
            _ = try await fixture.wake()
            try await fixture.expireToken()
            let next = try #require(try await fixture.wake())
            #expect(next > 86_400, "nothing is due but the warning of the login's end")
            #expect(await fixture.refreshes.isEmpty)
            #expect(try await fixture.token().from == .refresh)
        }
    }

    @Test("while a second factor is wanted nothing is refreshed in the background, and the refresh token is kept")
    func secondFactor() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.order(.mfaRequired())
            #expect(await fixture.tokenError(.with(force: true))?.code == .mfaRequired)
            #expect(try await fixture.status.state == .mfaRequired)
            #expect(try await fixture.status.refreshDueAt == nil)
            try await fixture.expireToken()
            let next = try #require(try await fixture.wake())
            #expect(next > 86_400, "nothing is due but the warning of the login's end")
            #expect(await fixture.refreshes.count == 1)
            #expect(try await fixture.restarted().token().from == .refresh)
        }
    }

    @Test("at the end of the agent an attempt under way is finished and saved, and none begins")
    func end() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.order(.holdAnswer)
            async let token = fixture.token(.with(force: true))
            try await fixture.tenant.requestHeld(at: .token, grant: .refreshToken)
            async let end = fixture.account.finish()
            await fixture.tenant.release()
            #expect(try await end)
            #expect(fixture.store.record()?.contains("refreshing_since") == false)
            #expect(try await token.from == .refresh)
        }
    }
}
