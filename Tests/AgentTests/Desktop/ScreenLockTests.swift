import DevTenant
import Foundation
import PosternProtocol
import Testing

@testable import Agent

@Suite("With lock = screen")
struct ScreenLockTests {
    private static let unlocked = DesktopState.News.sessions(.init(display: "2", open: ["2"]))
    private static let locked = DesktopState.News.sessions(.init(display: "2", isHintedLocked: true, open: ["2"]))

    /// Runs with somebody signed in on an unlocked desktop.
    private static func run(
        _ settings: [String] = [], _ body: @escaping @Sendable (AgentFixture) async throws -> Void
    ) async throws {
        try await AgentFixture.run(["lock = screen"] + settings) { fixture in
            await fixture.agent.desktopChanged(.screenSaver(nil))
            await fixture.agent.desktopChanged(unlocked)
            try await fixture.signIn()
            try await body(fixture)
        }
    }

    @Test("nothing is served while the screen is locked, and all again once it is not")
    func locked() async throws {
        try await Self.run { fixture in
            #expect(try await fixture.token().from == .cache)
            await fixture.agent.desktopChanged(Self.locked)
            let error = try #require(await fixture.tokenError())
            #expect(error.code == .agentLocked && error.data.cause == "screen" && error.data.retryable)
            #expect(error.data.profile == "work" && error.data.hint != nil)
            #expect(
                await failure { () async throws(AgentError) in _ = try await fixture.agent.idToken(GetIDToken()) }?.code
                    == .agentLocked)
            #expect(await fixture.startError()?.code == .agentLocked)
            #expect(
                await failure { () async throws(AgentError) in _ = try await fixture.agent.listFactors(ListFactors()) }?
                    .code == .agentLocked)
            #expect(try await fixture.status.session == DesktopSession(id: "2", state: .locked))
            #expect(try await fixture.agent.status(GetStatus()).profiles.count == 1)
            await fixture.agent.desktopChanged(Self.unlocked)
            #expect(try await fixture.token().from == .cache)
            try await fixture.agent.logout(Logout())
        }
    }

    @Test("other profiles are served")
    func others() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.agent.desktopChanged(Self.locked)
            #expect(try await fixture.token().from == .cache)
            #expect(try await fixture.status.session == nil)
        }
    }

    @Test("without a desktop session nothing is served, and that is said")
    func noSession() async throws {
        try await AgentFixture.run(["lock = screen"]) { fixture in
            await fixture.agent.desktopChanged(.screenSaver(nil))
            await fixture.agent.desktopChanged(.sessions(.init()))
            let error = try #require(await fixture.tokenError())
            #expect(error.code == .agentLocked && error.message.contains("no desktop session"))
            #expect(try await fixture.status.session == DesktopSession(id: "", state: .none))
        }
    }

    @Test("without a login manager the screen saver alone serves")
    func screenSaver() async throws {
        try await AgentFixture.run(["lock = screen"]) { fixture in
            await fixture.agent.desktopChanged(.sessions(nil))
            await fixture.agent.desktopChanged(.screenSaver(false))
            try await fixture.signIn()
            _ = try await fixture.token()
            await fixture.agent.desktopChanged(.screenSaver(true))
            #expect(await fixture.tokenError()?.code == .agentLocked)
        }
    }

    @Test("who waits for a refresh is refused at once, and the refresh goes on")
    func waiting() async throws {
        try await Self.run { fixture in
            try await fixture.expireToken()
            await fixture.order(.hold)
            async let error = fixture.tokenError()
            try await fixture.tenant.requestHeld(at: .token, grant: .refreshToken)
            await fixture.agent.desktopChanged(Self.locked)
            #expect(await error?.code == .agentLocked)
            await fixture.tenant.release()
            await fixture.agent.desktopChanged(Self.unlocked)
            #expect(try await fixture.token().expiresIn > 60)
            #expect(await fixture.refreshes.count == 1)
        }
    }

    @Test("who named its patience waits for the unlock, and for no longer than it said")
    func namedWait() async throws {
        try await Self.run { fixture in
            await fixture.agent.desktopChanged(Self.locked)
            async let token = fixture.token(.with(wait: 40))
            try await fixture.clock.sleeper(within: 40...40)
            await fixture.agent.desktopChanged(Self.unlocked)
            #expect(try await token.from == .cache)

            await fixture.agent.desktopChanged(Self.locked)
            async let error = fixture.tokenError(.with(wait: 30))
            try await fixture.clock.sleeper(within: 30...30)
            fixture.clock.advance(by: 30)
            #expect(await error?.code == .agentLocked)
        }
    }

    @Test("a token that arrives for somebody patient after the lock is handed out after the unlock")
    func patientRefresh() async throws {
        try await Self.run { fixture in
            try await fixture.expireToken()
            await fixture.order(.hold)
            async let token = fixture.token(.with(wait: 50))
            try await fixture.tenant.requestHeld(at: .token, grant: .refreshToken)
            await fixture.agent.desktopChanged(Self.locked)
            await fixture.tenant.release()
            try await fixture.clock.sleeper(within: 45...50)
            await fixture.agent.desktopChanged(Self.unlocked)
            #expect(try await token.expiresIn > 60)
        }
    }

    @Test("nothing is served from the sleep on until 10 s after the resume, or an unlock")
    func sleep() async throws {
        try await Self.run { fixture in
            await fixture.agent.machineChanged(.goingToSleep)
            #expect(await fixture.tokenError()?.code == .agentLocked)
            await fixture.agent.machineChanged(.resumed)
            #expect(await fixture.tokenError()?.code == .agentLocked)
            try await fixture.clock.sleeper(within: 10...10)
            fixture.clock.advance(by: 9.9)
            #expect(await fixture.tokenError()?.code == .agentLocked)
            fixture.clock.advance(by: 0.1)
            #expect(try await fixture.token().from == .cache)

            await fixture.agent.machineChanged(.goingToSleep)
            await fixture.agent.machineChanged(.resumed)
            await fixture.agent.desktopChanged(.unlock(session: "2"))
            #expect(try await fixture.token().from == .cache)
        }
    }

    @Test("subscribers are told of a lock and an unlock once, and of none where no profile follows the screen")
    func events() async throws {
        try await Self.run { fixture in
            let events = EventLog(fixture.agent)
            await fixture.agent.desktopChanged(Self.locked)
            await fixture.agent.desktopChanged(.screenSaver(true))
            await fixture.agent.desktopChanged(.screenSaver(false))
            await fixture.agent.desktopChanged(Self.unlocked)
            #expect(events.kinds == [.locked, .unlocked])
            #expect(events.events.allSatisfy { $0.cause == "screen" })
        }
        // Who waits for a session to come has to hear of it as well.
        try await AgentFixture.run(["lock = screen"]) { fixture in
            let events = EventLog(fixture.agent)
            await fixture.agent.desktopChanged(.screenSaver(nil))
            await fixture.agent.desktopChanged(.sessions(.init()))
            await fixture.agent.desktopChanged(Self.unlocked)
            #expect(events.kinds == [.locked, .unlocked])
        }
        try await AgentFixture.run { fixture in
            let events = EventLog(fixture.agent)
            await fixture.agent.desktopChanged(Self.locked)
            #expect(events.kinds.isEmpty)
        }
    }

    @Test(
        "who asks right after the start waits until it is known whether the screen is locked, for five seconds at most")
    func start() async throws {
        try await Self.run { fixture in
            let started = try await fixture.restarted()
            async let token = started.token()
            try await started.clock.sleeper(within: 5...5)
            await started.agent.desktopChanged(Self.unlocked)
            await started.agent.desktopChanged(.screenSaver(false))
            #expect(try await token.from == .cache)

            let silent = try await fixture.restarted()
            async let error = silent.tokenError()
            try await silent.clock.sleeper(within: 5...5)
            silent.clock.advance(by: 5)
            #expect(await error?.code == .agentLocked)
        }
    }

    @Test("who waits while lock = screen comes into force is given nothing while the screen is locked")
    func reconfigured() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.agent.desktopChanged(.screenSaver(nil))
            await fixture.agent.desktopChanged(Self.locked)
            try await fixture.expireToken()
            await fixture.order(.hold)
            async let error = fixture.tokenError()
            try await fixture.tenant.requestHeld(at: .token, grant: .refreshToken)
            try await fixture.reconfigure(adding: ["lock = screen"])
            await fixture.tenant.release()
            #expect(await error?.code == .agentLocked)
        }
    }

    @Test("so it is with an ID token")
    func reconfiguredIDToken() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.agent.desktopChanged(.screenSaver(nil))
            await fixture.agent.desktopChanged(Self.locked)
            fixture.clock.advance(by: 90_000)
            await fixture.order(.hold)
            async let error = failure { () async throws(AgentError) in
                _ = try await fixture.agent.idToken(GetIDToken())
            }
            try await fixture.tenant.requestHeld(at: .token, grant: .refreshToken)
            try await fixture.reconfigure(adding: ["lock = screen"])
            await fixture.tenant.release()
            #expect(await error?.code == .agentLocked)
        }
    }

    @Test("a sleep is not called off by the time of the one before it")
    func sleepAfterSleep() async throws {
        try await Self.run { fixture in
            await fixture.agent.machineChanged(.goingToSleep)
            try await fixture.clock.sleepers(within: 29...30, count: 1)
            await fixture.agent.machineChanged(.resumed)
            fixture.clock.advance(by: 20)
            await fixture.agent.machineChanged(.goingToSleep)
            try await fixture.clock.sleeper(within: 29...30)
            // The first one's time.
            fixture.clock.advance(by: 10)
            for _ in 0..<2000 { _ = await fixture.agent.desktop.session }
            fixture.clock.advance(by: 10)
            #expect(await fixture.tokenError()?.code == .agentLocked)
        }
    }

    @Test("a sleep that is not heard of any more was called off after half a minute awake")
    func calledOff() async throws {
        try await Self.run { fixture in
            await fixture.agent.machineChanged(.goingToSleep)
            try await fixture.clock.sleeper(within: 29...30)
            fixture.clock.suspend(for: 3600)
            #expect(await fixture.tokenError()?.code == .agentLocked)
            try await fixture.clock.sleeper(within: 29...30)
            fixture.clock.advance(by: 30)
            try await fixture.clock.sleeper(within: 9...10)
            fixture.clock.advance(by: 10)
            _ = try await fixture.token()
        }
    }
}
