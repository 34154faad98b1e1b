import DevTenant
import Foundation
import Glibc
import PosternProtocol
import TestSupport
import Testing

@testable import Agent

@Suite("Turns")
struct TurnTests {
    @Test("a connection begins one line in a turn, and another client is answered in a few, whatever it has sent")
    func turns() async throws {
        try await AgentFixture.run(isServing: false) { fixture in
            let hello = Array((#"{"jsonrpc":"2.0","method":"agent.hello","id":1}"# + "\n").utf8)
            let (flooded, floodingEnd) = try fixture.connect()
            let (other, end) = try fixture.connect()
            let flood = Array(repeatElement(hello, count: 1000).joined())
            #expect(write(floodingEnd, flood, flood.count) == flood.count)
            let (turns, begun): (Int, Int) = await withCheckedContinuation { continuation in
                Reactor.shared.execute {
                    flooded.assumeIsolated { $0.open(isBusy: false) }
                    other.assumeIsolated { $0.open(isBusy: false) }
                    let first = Reactor.shared.turnNumber
                    write(end, hello, hello.count)
                    @Sendable func look() {
                        var byte: UInt8 = 0
                        if recv(end, &byte, 1, CInt(MSG_DONTWAIT)) == 1 {
                            let begun = flooded.assumeIsolated { $0.count }
                            continuation.resume(returning: (Reactor.shared.turnNumber - first, begun))
                        } else {
                            Reactor.shared.callInNextTurn { look() }
                        }
                    }
                    look()
                }
            }
            #expect(turns <= 3)
            #expect(begun <= turns + 1)
            for connection in [flooded, other] { await connection.close() }
            for end in [floodingEnd, end] { close(end) }
        }
    }

    @Test("one long thing is done in a turn, and what goes through many takes a turn for each few")
    func manyTurns() async {
        let reactor = Reactor.shared
        let taken: [Bool] = await withCheckedContinuation { continuation in
            reactor.execute {
                let now = [reactor.takeLongTurn(), reactor.takeLongTurn()]
                reactor.callInNextTurn { continuation.resume(returning: now + [reactor.takeLongTurn()]) }
            }
        }
        #expect(taken == [true, false, true])
        let before = await reactor.nextTurnNumber()
        await reactor.each(of: Array(0..<160)) { _ in }
        #expect(await reactor.nextTurnNumber() - before >= 10)
    }

    @Test("what is long is sent to one connection in a turn, and to each in its turn")
    func longAnswers() async throws {
        try await AgentFixture.run(isServing: false) { fixture in
            let pairs = try (1...5).map { _ in try fixture.connect() }
            let answer = [UInt8](repeating: UInt8(ascii: "x"), count: Connection.longWrite)
            // How many have got something, turn by turn.
            let served: [Int] = await withCheckedContinuation { continuation in
                Reactor.shared.execute {
                    for (connection, _) in pairs { connection.assumeIsolated { $0.write(Answer(answer)) } }
                    @Sendable func look(_ before: [Int]) {
                        var byte: UInt8 = 0
                        let count = pairs.count { recv($0.1, &byte, 1, CInt(MSG_DONTWAIT | MSG_PEEK)) == 1 }
                        guard count < pairs.count, before.count < 20 else {
                            return continuation.resume(returning: before + [count])
                        }
                        Reactor.shared.callInNextTurn { look(before + [count]) }
                    }
                    look([])
                }
            }
            #expect(served.last == pairs.count)
            // One at the end of the turn in which they were written, and one in each after it.
            #expect(served.enumerated().allSatisfy { $1 <= $0 + 1 }, "\(served)")
            for (connection, end) in pairs {
                await connection.close()
                close(end)
            }
        }
    }

    @Test("reloads that are asked for at once are one, whose configuration all are told of")
    func reloads() async throws {
        try await AgentFixture.run(isServing: false) { fixture in
            let reloads = Watched(0)
            fixture.agent.events.add(
                Subscriber { line in
                    if String(decoding: line, as: UTF8.self).contains(#""reloaded""#) { reloads.change { $0 += 1 } }
                }, profile: nil)
            let answers = await withTaskGroup(of: Result<[UInt8], AgentError>.self) { group in
                for _ in 1...50 { group.addTask { await fixture.agent.reloadForAll() } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(answers.map { try? $0.get() }) == [Array(#"{"profiles":["work"]}"#.utf8)])
            // Some may have come after it had begun.
            #expect((1...2).contains(reloads.value), "\(reloads.value)")
        }
    }

    @Test("all who ask at once are told of one look, and nobody of one that began before")
    func sharedLook() async throws {
        let look = SharedLook<Int>()
        let looks = Watched(0)
        let (begun, mayEnd) = (Watched(0), Watched(false))
        @Sendable func ask() -> Task<Int, Never> {
            Task {
                await look.value {
                    looks.change { $0 += 1 }
                    let number = looks.value
                    begun.change { $0 += 1 }
                    // Not cancelled here.
                    _ = try? await mayEnd.wait { $0 ? true : nil }
                    return number
                }
            }
        }
        let first = (1...50).map { _ in ask() }
        try await begun.wait { $0 == 1 ? true : nil }
        let later = (1...50).map { _ in ask() }
        for _ in 1...10 { await Reactor.shared.nextTurn() }
        mayEnd.change { $0 = true }
        for task in first { #expect(await task.value == 1) }
        for task in later { #expect(await task.value == 2) }
        #expect(looks.value == 2)
    }
}

extension Reactor {
    fileprivate func nextTurnNumber() async -> Int {
        await withCheckedContinuation { continuation in
            execute { Reactor.shared.callInNextTurn { continuation.resume(returning: Reactor.shared.turnNumber) } }
        }
    }
}
