import Testing

@testable import Agent

@Suite("Back-off")
struct BackoffTests {
    @Test("each pause is anything up to a doubling ceiling, up to the cap, but never next to nothing")
    func pauses() {
        for _ in 1...50 {
            var backoff = Backoff(base: .seconds(1), cap: .seconds(60))
            for ceiling in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
                let pause = backoff.next()
                #expect(pause >= .milliseconds(100) && pause <= .seconds(ceiling))
            }
        }
    }

    @Test("it does not overflow, however often it is asked")
    func endless() {
        var backoff = Backoff()
        for _ in 1...10_000 { #expect(backoff.next() <= .seconds(300)) }
    }

    @Test("the retries of all accounts share a budget, which fills again with time")
    func budget() {
        let budget = RetryBudget(size: 2, rate: 0.5)
        let clock = ManualClock()
        #expect(budget.spend(at: clock.now) == .zero)
        #expect(budget.spend(at: clock.now) == .zero)
        #expect(budget.spend(at: clock.now) == .seconds(2))
        #expect(budget.spend(at: clock.now) == .seconds(4))
        clock.advance(by: 8)
        #expect(budget.spend(at: clock.now) == .zero)
    }
}
