import DevTenant
import PosternProtocol
import Testing

@testable import Agent

@Suite("Events of an account")
struct EventTests {
    @Test("a sign-in, a refresh and a sign-out are told, with the profile and the wall clock's time")
    func life() async throws {
        try await AgentFixture.run { fixture in
            let log = EventLog(fixture.agent)
            fixture.clock.setWallClock(ahead: 500)
            try await fixture.signIn()
            _ = try await fixture.token(.with(force: true))
            _ = try await fixture.agent.logout(Logout())
            #expect(log.kinds == [.loginStarted, .signedIn, .refreshed, .signedOut])
            #expect(log.events.allSatisfy { $0.profile == "work" && $0.at == fixture.clock.unixTime + 500 })
        }
    }

    @Test("who asked for one profile hears of no other, but of what concerns all")
    func filtered() async throws {
        try await AgentFixture.run { fixture in
            let log = EventLog(fixture.agent, profile: "other")
            try await fixture.signIn()
            try await fixture.agent.applyConfiguration()
            #expect(log.kinds == [.reloaded])
        }
    }

    @Test(
        "a refused refresh token that should be valid is called out: login_required and reuse_suspected, in status too")
    func reuse() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let log = EventLog(fixture.agent)
            await fixture.killRefreshToken()
            _ = await fixture.tokenError(.with(force: true))
            #expect(log.kinds == [.loginRequired, .reuseSuspected])
            #expect(log.events.first?.cause == "reuse_suspected")
            let restarted = try await fixture.restarted()
            _ = await restarted.tokenError(.with(force: true))
            #expect(try await restarted.status.lastError?.data.cause == "reuse_suspected")
            #expect(await fixture.refreshes.count == 1, "a refused refresh token is never sent again")
        }
    }

    @Test("a demand for a second factor is told once, however many ask")
    func secondFactor() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.tenant.setMFAPolicy(.refresh)
            let log = EventLog(fixture.agent)
            for _ in 1...3 { #expect(await fixture.tokenError(.with(force: true))?.code == .mfaRequired) }
            #expect(log.kinds == [.mfaRequired, .loginStarted])
        }
    }

    @Test("a keyring that falls behind and catches up is told once each")
    func unsaved() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let log = EventLog(fixture.agent)
            fixture.store.fail(.locked, afterWrites: 1)
            _ = try await fixture.token(.with(force: true))
            #expect(log.kinds.filter { $0 == .unsaved }.count == 1)
            fixture.clock.advance(by: 5)
            _ = try await fixture.wake()
            #expect(!log.kinds.contains(.saved), "it is still locked")
            fixture.store.fail(nil)
            fixture.clock.advance(by: 5)
            _ = try await fixture.wake()
            #expect(log.kinds.filter { $0 == .unsaved || $0 == .saved } == [.unsaved, .saved])
        }
    }

    @Test("a tenant out of reach and back is told once each")
    func offline() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let log = EventLog(fixture.agent)
            await fixture.order(.page(200), times: 2)
            async let token = fixture.token(.with(wait: 100, force: true))
            for pause in [0.1...1.0, 0.1...2.0] {
                try await fixture.clock.sleeper(within: pause)
                fixture.clock.advance(by: pause.upperBound)
            }
            #expect(try await token.from == .refresh)
            #expect(log.kinds.filter { $0 == .offline || $0 == .online } == [.offline, .online])
        }
    }
}
