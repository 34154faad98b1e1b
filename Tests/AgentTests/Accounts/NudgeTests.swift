import TestSupport
import Testing

@testable import Agent

@Suite("A nudge")
struct NudgeTests {
    @Test("it wakes who sleeps before the time")
    func wakes() async throws {
        try await withDeadline {
            let (nudge, clock) = (Nudge(), ManualClock())
            async let sleep: Void = nudge.sleep(for: .seconds(1000), on: clock)
            try await clock.sleeper(within: 1000...1000)
            nudge.nudge()
            await sleep
        }
    }

    @Test("one that comes while nobody sleeps is kept, once")
    func kept() async throws {
        try await withDeadline {
            let (nudge, clock) = (Nudge(), ManualClock())
            nudge.nudge()
            nudge.nudge()
            await nudge.sleep(for: nil, on: clock)
            async let second: Void = nudge.sleep(for: .seconds(5), on: clock)
            try await clock.sleeper(within: 5...5)
            clock.advance(by: 5)
            await second
        }
    }

    @Test("a cancelled sleep returns")
    func cancelled() async throws {
        try await withDeadline {
            let sleep = Task { await Nudge().sleep(for: nil, on: ManualClock()) }
            sleep.cancel()
            await sleep.value
        }
    }
}
