import Glibc
import Testing

@testable import Agent

@Suite("The agent's thread")
struct ReactorTests {
    private var reactor: Reactor { .shared }

    @Test("sleepers wake in the order of their times, whoever began first")
    func order() async throws {
        let woken = Watched<[Int]>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for milliseconds in [30, 10, 20] {
                group.addTask {
                    try await reactor.sleep(for: .milliseconds(milliseconds))
                    woken.change { $0.append(milliseconds) }
                }
            }
            try await group.waitForAll()
        }
        #expect(woken.value == [10, 20, 30])
    }

    @Test("a sleep ends at once when it is cancelled, before it has begun as well", arguments: [true, false])
    func cancelled(early: Bool) async {
        let task = Task { try await reactor.sleep(for: .seconds(3600)) }
        if !early { await reactor.turn() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("a time that is over already is no reason to wait, nor to keep others waiting")
    func past() async throws {
        try await reactor.sleep(for: .seconds(-1_000_000_000))
        try await reactor.sleep(for: .milliseconds(1))
    }

    @Test("who waits for a descriptor goes on when something arrives, and then nobody waits for it any more")
    func arrival() async throws {
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let (reading, writing) = (ends[0], ends[1])
        for _ in 1...2 {
            async let arrival: Void = reactor.arrival(on: reading)
            await reactor.turn()
            #expect(write(writing, "x", 1) == 1)
            await arrival
            var byte: UInt8 = 0
            #expect(read(reading, &byte, 1) == 1)
        }
        let waiting = Task { await reactor.arrival(on: reading) }
        await reactor.turn()
        waiting.cancel()
        await waiting.value
    }

    @Test("work that never ends keeps nobody from the descriptors, and no call from the end of its turn")
    func fairness() async throws {
        let isOver = Watched(false)
        @Sendable func goOn() {
            if !isOver.value { Reactor.shared.execute { goOn() } }
        }
        reactor.execute { goOn() }
        try await reactor.sleep(for: .milliseconds(1))
        await withCheckedContinuation { continuation in
            reactor.execute { Reactor.shared.callAtEndOfTurn { continuation.resume() } }
        }
        isOver.change { $0 = true }
    }
}

@Suite("The queue of timers")
struct TimerQueueTests {
    @Test("of timers that are due at one time only the one that is meant is removed")
    func remove() {
        let queue = TimerQueue()
        let called = Watched<[Int]>([])
        let timers = (0..<5).map { _ in TimerQueue.Timer(deadline: 1) }
        for (number, timer) in timers.enumerated() {
            queue.add(timer) { called.change { $0.append(number) } }
        }
        queue.remove(timers[2])
        queue.remove(timers[2])
        for call in queue.takeDue() { call() }
        #expect(called.value.sorted() == [0, 1, 3, 4])
        #expect(queue.takeDue().isEmpty)
    }
}
