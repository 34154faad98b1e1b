import Testing

@testable import Agent

@Suite("The pace of refreshes that nobody waits for")
struct RefreshPaceTests {
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
}
