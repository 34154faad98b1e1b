import DevTenant
import PosternProtocol
import Testing

@testable import Agent

@Suite("The pace of refreshes that nobody waits for")
struct RefreshPaceTests {
    /// Has a refresh that nobody waits for fail once, and pause.
    private static func pauseRefresh(_ fixture: AgentFixture) async throws {
        try await fixture.signIn()
        try await fixture.expireToken()
        await fixture.order(.page(503))
        _ = try await fixture.wake()
        try await fixture.clock.sleeper(within: 0.1...1)
    }

    @Test("there are as many places as it says; whoever is in line is called when one is free, first come first served")
    func line() async {
        let pace = RefreshPace(limit: 1)
        let (first, second, third) = (Nudge(), Nudge(), Nudge())
        #expect(pace.enter(first))
        #expect(!pace.enter(second))
        #expect(!pace.enter(third))
        pace.leave()
        await second.sleep(for: nil, on: ManualClock())
        #expect(pace.enter(second))
        #expect(!pace.enter(third))
    }

    @Test("a place that somebody was called for and does not want goes to the next")
    func passedOn() async {
        let pace = RefreshPace(limit: 1)
        let (second, third) = (Nudge(), Nudge())
        #expect(pace.enter(Nudge()))
        #expect(!pace.enter(second))
        #expect(!pace.enter(third))
        pace.leave()
        pace.giveUp(second)
        await third.sleep(for: nil, on: ManualClock())
        #expect(pace.enter(third))
    }

    @Test("a refresh that only pauses keeps no place, so a tenant in trouble holds up no other")
    func pausing() async throws {
        try await AgentFixture.run { fixture in
            try await Self.pauseRefresh(fixture)
            let pace = try await fixture.account.parts.pace
            for _ in 1...RefreshPace.standardLimit { #expect(pace.enter(Nudge())) }
        }
    }

    @Test("whoever asks for a token does not stand in the line, and calls out of it the refresh that does")
    func asked() async throws {
        try await AgentFixture.run { fixture in
            try await Self.pauseRefresh(fixture)
            let pace = try await fixture.account.parts.pace
            for _ in 1...RefreshPace.standardLimit { #expect(pace.enter(Nudge())) }
            fixture.clock.advance(by: 1)
            let flight = try #require(try await fixture.account.flight)
            while !pace.hasInLine(flight.nudge) { await Task.yield() }
            #expect(try await fixture.token().from == .refresh)
        }
    }
}
