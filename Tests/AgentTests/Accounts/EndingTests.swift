import DevTenant
import PosternProtocol
import Testing

@testable import Agent

@Suite("The end of a login")
struct EndingTests {
    private static let day = 86_400.0

    @Test("it is known, and warned of three days, one day and one hour before, once each")
    func warnings() async throws {
        try await AgentFixture.run(["refresh = on-demand"]) { fixture in
            try await fixture.signIn()
            let end = fixture.clock.unixTime + 2_592_000
            #expect(try await fixture.status.loginEndsAt == end)
            let log = EventLog(fixture.agent)
            #expect(try await fixture.wake() == 27 * Self.day)
            #expect(log.events.isEmpty)
            for (pause, next) in [
                (27 * Self.day, 2 * Self.day), (2 * Self.day, Self.day - 3600), (Self.day - 3600, nil),
            ] {
                fixture.clock.advance(by: pause)
                #expect(try await fixture.wake() == next)
                #expect(try await fixture.wake() == next)
            }
            #expect(log.kinds == [.loginEnding, .loginEnding, .loginEnding])
            #expect(log.events.allSatisfy { $0.loginEndsAt == end })
        }
    }

    @Test("an agent started late warns of what has come, not of what is past")
    func late() async throws {
        try await AgentFixture.run(["refresh = on-demand"]) { fixture in
            try await fixture.signIn()
            fixture.clock.advance(by: 29.5 * Self.day)
            let restarted = try await fixture.restarted()
            let log = EventLog(restarted.agent)
            #expect(try await restarted.wake() == 0.5 * Self.day - 3600)
            #expect(log.kinds == [.loginEnding])
        }
    }

    @Test("a login of four hours is warned of an hour before, and not at once")
    func shortLived() async throws {
        try await AgentFixture.run(["refresh = on-demand", "session_lifetime = 14400"]) { fixture in
            try await fixture.signIn()
            #expect(try await fixture.wake() == 3 * 3600)
        }
    }

    @Test("signing in anew begins a new life")
    func anew() async throws {
        try await AgentFixture.run(["refresh = on-demand"]) { fixture in
            try await fixture.signIn()
            fixture.clock.advance(by: 28 * Self.day)
            _ = try await fixture.wake()
            try await fixture.signIn()
            #expect(try await fixture.wake() == 27 * Self.day)
        }
    }
}
