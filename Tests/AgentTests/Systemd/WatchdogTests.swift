import PosternProtocol
import ServiceLifecycle
import TestSupport
import Testing

@testable import Agent

@Suite("The watchdog")
struct WatchdogTests {
    @Test("each beat comes after a proof, and a proof that does not come ends the beats")
    func beats() async throws {
        struct Counts: Sendable {
            var proofs = 0
            var beats = 0
            var isStuck = false
        }
        let counts = Watched(Counts())
        let clock = ManualClock()
        let watchdog = Watchdog(interval: .seconds(15), clock: clock) {
            counts.change { $0.proofs += 1 }
            // Cancelled: the test is over.
            _ = try? await counts.wait { $0.isStuck ? nil : true }
        } beat: {
            counts.change { $0.beats += 1 }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await watchdog.run() }
            defer { group.cancelAll() }
            for count in 1...3 {
                try await clock.sleeper(within: 15...15)
                #expect(counts.value.proofs == count && counts.value.beats == count)
                if count == 3 { counts.change { $0.isStuck = true } }
                clock.advance(by: 15)
            }
            try await counts.wait { $0.proofs == 4 ? true : nil }
            #expect(counts.value.beats == 3)
            counts.change { $0.isStuck = false }
            try await counts.wait { $0.beats == 4 ? true : nil }
        }
    }

    @Test("an agent that does its work proves it, also while its keyring hangs")
    func progress() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            try await fixture.withRefresher {
                await fixture.agent.progress()
                fixture.store.hold()
                try await fixture.expireToken()
                try await fixture.store.callHeld()
                await fixture.agent.progress()
                fixture.store.release()
            }
        }
    }

    @Test("a refresher that has been at work for too long proves nothing until it comes round")
    func stuck() async throws {
        let deadlines = Deadlines()
        let clock = ManualClock()
        _ = deadlines.take(at: clock.now)
        clock.advance(by: 60)
        await deadlines.followed(patience: .seconds(61), on: clock)
        // It has done one of many things.
        deadlines.progressed(at: clock.now)
        clock.advance(by: 60)
        await deadlines.followed(patience: .seconds(61), on: clock)
        let isProven = Watched(false)
        let proof = Task {
            await deadlines.followed(patience: .seconds(60), on: clock)
            isProven.change { $0 = true }
        }
        // Who asks for a proof wakes whoever is to give it.
        try await withDeadline { await deadlines.sleep(for: nil, on: clock) }
        #expect(!isProven.value)
        // One of many things that it had taken is done.
        deadlines.progressed(at: clock.now)
        await proof.value
    }
}
