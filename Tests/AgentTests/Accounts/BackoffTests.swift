import Testing

@testable import Agent

@Suite("Back-off")
struct BackoffTests {
    @Test("each pause is between half and all of a doubling ceiling, up to the cap")
    func pauses() {
        for _ in 1...50 {
            var backoff = Backoff(base: .seconds(1), cap: .seconds(60))
            for ceiling in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
                let pause = backoff.next()
                #expect(pause >= .seconds(ceiling) / 2 && pause <= .seconds(ceiling))
            }
        }
    }

    @Test("it does not overflow, however often it is asked")
    func endless() {
        var backoff = Backoff()
        for _ in 1...10_000 { #expect(backoff.next() <= .seconds(300)) }
    }
}
