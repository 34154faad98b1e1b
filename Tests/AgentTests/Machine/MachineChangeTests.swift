import DevTenant
import PosternProtocol
import Testing

@testable import Agent

@Suite("A machine that sleeps, resumes, or gets its network back")
struct MachineChangeTests {
    /// Announces sleep, and tells when the agent is ready for it.
    private static func goToSleep(_ fixture: AgentFixture) -> (ready: Watched<Bool>, task: Task<Void, Never>) {
        let ready = Watched(false)
        let task = Task {
            await fixture.agent.machineChanged(.goingToSleep)
            ready.change { $0 = true }
        }
        return (ready, task)
    }

    @Test("sleep waits until the refresh under way is answered and saved")
    func finishes() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.order(.hold)
            async let token = fixture.token(.with(force: true))
            try await fixture.refreshArrived(1)
            let (ready, task) = Self.goToSleep(fixture)
            try await fixture.clock.sleeper(within: 4...4)
            #expect(!ready.value)
            fixture.store.hold()
            await fixture.tenant.release()
            try await fixture.store.callHeld()
            #expect(!ready.value)
            fixture.store.release()
            await task.value
            #expect(try await token.from == .refresh)
            #expect(try await fixture.status.saved)
            #expect(await fixture.refreshes.count == 1)
        }
    }

    @Test("a tenant that does not answer delays sleep by four seconds at most, and its answer still counts")
    func slowTenant() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.order(.hold)
            async let token = fixture.token(.with(force: true))
            try await fixture.refreshArrived(1)
            let (_, task) = Self.goToSleep(fixture)
            try await fixture.clock.sleeper(within: 4...4)
            fixture.clock.advance(by: 4)
            await task.value
            await fixture.tenant.release()
            #expect(try await token.from == .refresh)
        }
    }

    @Test("a refresh that has written its intent when sleep is announced sends nothing before the resume")
    func intent() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            fixture.store.hold()
            async let token = fixture.token(.with(force: true))
            try await fixture.store.callHeld()
            let (_, task) = Self.goToSleep(fixture)
            try await fixture.clock.sleeper(within: 4...4)
            fixture.store.release()
            await task.value
            #expect(await fixture.refreshes.isEmpty)
            #expect(try await fixture.account.record?.refreshingSince == nil)
            #expect(try await fixture.status.saved)
            await fixture.agent.machineChanged(.resumed)
            #expect(try await token.from == .refresh)
        }
    }

    @Test("asleep, no refresh begins; what is cached is served, and who waits is served after the resume")
    func asleep() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.agent.machineChanged(.goingToSleep)
            async let token = fixture.token(.with(force: true))
            try await fixture.someoneWaits()
            try await fixture.wakeIdly()
            #expect(try await fixture.token().from == .cache)
            #expect(await fixture.refreshes.isEmpty)
            await fixture.agent.machineChanged(.resumed)
            #expect(try await token.from == .refresh)
        }
    }

    @Test("a pausing refresh gives up its pause for sleep, and goes on after the resume")
    func pausing() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.order(.page(503))
            async let token = fixture.token(.with(force: true))
            try await fixture.clock.sleeper(within: 0.001...1)
            await fixture.agent.machineChanged(.goingToSleep)
            let isRefreshing = try await fixture.account.flight != nil
            #expect(!isRefreshing)
            await fixture.agent.machineChanged(.resumed)
            #expect(try await token.from == .refresh)
        }
    }

    @Test("a token in doubt is asked for again at the resume, not after the pause of a refresh ahead")
    func inDoubt() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            try await fixture.expireToken()
            await fixture.order(.page(503))
            _ = try await fixture.wake()
            try await fixture.clock.sleeper(within: 0.001...1)
            await fixture.agent.machineChanged(.goingToSleep)
            await fixture.agent.machineChanged(.resumed)
            _ = try await fixture.wake()
            let isRefreshing = try await fixture.account.flight != nil
            #expect(isRefreshing)
            try await fixture.refreshArrived(2)
        }
    }

    @Test("a sleep that was called off without a word is forgotten after half a minute")
    func calledOff() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            try await fixture.withRefresher {
                await fixture.agent.machineChanged(.goingToSleep)
                async let token = fixture.token(.with(wait: 100, force: true))
                try await fixture.someoneWaits()
                // The other is the desktop's, which takes the screen for locked meanwhile.
                try await fixture.clock.sleepers(within: 30...30, count: 2)
                fixture.clock.advance(by: 30)
                #expect(try await token.from == .refresh)
            }
        }
    }

    @Test("a token that expired during sleep is refreshed at the resume, and handed out to nobody")
    func expired() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let old = try await fixture.token().accessToken
            try await fixture.withRefresher {
                await fixture.agent.machineChanged(.goingToSleep)
                fixture.clock.suspend(for: 100_000)
                // The clocks go on before the resume is announced, and the network comes after it.
                try await fixture.clock.sleeper(within: 30...30)
                #expect(await fixture.refreshes.isEmpty)
                await fixture.order(.hold)
                await fixture.agent.machineChanged(.resumed)
                try await fixture.refreshArrived(1)
                async let token = fixture.token()
                try await fixture.someoneWaits()
                await fixture.tenant.release()
                #expect(try await token.accessToken != old)
                #expect(await fixture.refreshes.count == 1)
            }
        }
    }

    @Test("refreshes that are due at the resume are spread, but who asks is not kept waiting for that")
    func spread() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            try await fixture.expireToken()
            try await fixture.account.resume(after: .seconds(7))
            #expect(try await fixture.wake() == 7)
            #expect(await fixture.refreshes.isEmpty)
            #expect(try await fixture.token().from == .refresh)
        }
    }

    @Test("as soon as the clock was set, or the machine resumed without a word, what is due is done")
    func clockSet() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            try await fixture.withRefresher {
                try await fixture.clock.sleeper(within: 86_000...86_400)
                fixture.clock.leap(by: 100_000)
                await fixture.agent.machineChanged(.clockSet)
                try await fixture.refreshArrived(1)
            }
        }
    }

    @Test("once the network has changed, a tenant that was not reached is tried again within five seconds")
    func networkBack() async throws {
        try await AgentFixture.run(isServing: false) { fixture in
            try await fixture.tenant.serving { _ = try await fixture.signIn() }
            fixture.clock.advance(by: 86_400 - 300)
            var pause = 0.0
            while pause <= 5 {
                fixture.clock.advance(by: pause)
                _ = try await fixture.wake()
                try await fixture.account.flight?.task.value
                pause = try #require(try await fixture.wake())
            }
            await fixture.agent.machineChanged(.networkChanged)
            #expect(try await fixture.wake() == 5)
            try await fixture.tenant.serving {
                fixture.clock.advance(by: 5)
                _ = try await fixture.wake()
                try await fixture.refreshArrived(1)
            }
        }
    }

    @Test("a network that changes ends the pause of a refresh that somebody waits for")
    func networkBackForWaiter() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.order(.hangUp, times: .max)
            async let token = fixture.token(.with(wait: 100_000, force: true))
            while true {
                let pause = try await fixture.clock.sleeper(within: 0.001...300)
                if pause > 6 { break }
                fixture.clock.advance(by: pause)
            }
            let count = await fixture.refreshes.count
            await fixture.agent.machineChanged(.networkChanged)
            try await fixture.clock.sleeper(within: 5...5)
            await fixture.tenant.cancelFaults()
            fixture.clock.advance(by: 5)
            #expect(try await token.from == .refresh)
            #expect(await fixture.refreshes.count == count + 1)
        }
    }

    @Test("a tenant that answers, be it with a failure, is not hurried by the network")
    func failingTenant() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.order(.page(503), times: .max)
            async let error = fixture.tokenError(.with(wait: 100_000, force: true))
            var pause = 0.0
            while pause <= 6 {
                fixture.clock.advance(by: pause)
                pause = try await fixture.clock.sleeper(within: 0.001...300)
            }
            await fixture.agent.machineChanged(.networkChanged)
            let count = await fixture.refreshes.count
            fixture.clock.advance(by: 5.5)
            try await fixture.clock.sleeper(within: 0.001...(pause - 5))
            #expect(await fixture.refreshes.count == count)
            _ = try await fixture.agent.logout(Logout())
            #expect(await error != nil)
        }
    }

    @Test("a pause that the tenant asked for outlasts a change of the network and a resume")
    func rateLimited() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            fixture.clock.advance(by: 86_400 - 300)
            await fixture.order(.rateLimited(retryAfter: 120))
            _ = try await fixture.wake()
            try await fixture.account.flight?.task.value
            await fixture.agent.machineChanged(.networkChanged)
            await fixture.agent.machineChanged(.resumed)
            let pause = try #require(try await fixture.wake())
            #expect((119...120).contains(pause))
        }
    }
}
