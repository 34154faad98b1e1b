import DevTenant
import Foundation
import Glibc
import PosternProtocol
import TestSupport
import Testing

@testable import Agent

@Suite("The bounds of a connection")
struct ConnectionBoundsTests {
    /// A connection to an agent of a single profile, both ends of which a test has.
    private static func run(
        _ body: @escaping @Sendable (AgentFixture, ServedConnection, AgentConnection) async throws -> Void
    ) async throws {
        try await AgentFixture.run(isServing: false) { fixture in
            let (connection, end) = try fixture.connect()
            await connection.open(isBusy: false)
            try await body(fixture, connection, AgentConnection(socket: end))
            await connection.close()
        }
    }

    /// Waits for the store, which the test holds.
    private static func slow(id: String = "1", padding: Int = 0) -> String {
        #"{"jsonrpc":"2.0","method":"token.get","id":"\#(id)"}"# + String(repeating: " ", count: padding)
    }

    private static func batch(_ requests: [String]) -> String {
        "[" + requests.joined(separator: ",") + "]\n"
    }

    private static let hello = #"{"jsonrpc":"2.0","method":"agent.hello","id":"hello"}"#

    /// Sends what may be more than the agent reads before the test goes on.
    private static func send(_ lines: [String], over client: AgentConnection) {
        // What cannot be sent is missed below.
        Thread.detachNewThread { for line in lines { try? client.send(line) } }
    }

    /// Waits until the connection has begun all that it begins.
    private static func settle() async {
        for _ in 1...300 { await Reactor.shared.nextTurn() }
    }

    private static func expect(_ client: AgentConnection, answers count: Int) async throws {
        var ids = 0
        while ids < count {
            let line = try #require(try await client.line())
            ids += line.matches(of: /"id":/).count
        }
        #expect(ids == count)
    }

    @Test(
        "at least 64 and at most 128 requests are worked on at once; each of a batch counts",
        arguments: [[1], [64], [2, 63], [40], [64, 1]])
    func requests(sizes: [Int]) async throws {
        try await Self.run { fixture, connection, client in
            fixture.store.hold()
            var sent = 0
            for size in (0..<300).map({ sizes[$0 % sizes.count] }) where sent < 300 {
                try client.send(Self.batch(Array(repeating: Self.slow(), count: size)))
                sent += size
            }
            try await fixture.store.callHeld()
            await Self.settle()
            let atWork = await connection.atWork.count
            #expect((64...128).contains(atWork))
            fixture.store.release()
            try await Self.expect(client, answers: sent)
        }
    }

    @Test("what requests hold is bounded, too: identifiers of 100 KiB")
    func bytes() async throws {
        try await Self.run { fixture, connection, client in
            fixture.store.hold()
            let id = String(repeating: "x", count: 100 * 1024)
            Self.send(Array(repeating: Self.slow(id: id) + "\n", count: 5), over: client)
            try await fixture.store.callHeld()
            await Self.settle()
            #expect(await connection.atWork.count == 3)
            fixture.store.release()
            try await Self.expect(client, answers: 5)
        }
    }

    @Test("a line's blanks go once it is read")
    func padding() async throws {
        try await Self.run { fixture, connection, client in
            fixture.store.hold()
            Self.send(Array(repeating: Self.slow(padding: 200 * 1024) + "\n", count: 20), over: client)
            try await fixture.store.callHeld()
            for _ in 1...10 { await Self.settle() }
            #expect(await connection.atWork.count == 20)
            fixture.store.release()
            try await Self.expect(client, answers: 20)
        }
    }

    @Test("answers that wait for the rest of their batch count as what is at work")
    func heldAnswers() async throws {
        try await Self.run { fixture, connection, client in
            fixture.store.hold()
            let id = String(repeating: "x", count: 200 * 1024)
            let long = Self.hello.replacing("hello\"}", with: id + "\"}")
            Self.send(Array(repeating: Self.batch([long, Self.slow()]), count: 3), over: client)
            try await fixture.store.callHeld()
            for _ in 1...10 { await Self.settle() }
            #expect(await connection.atWork.count == 2)
            fixture.store.release()
            try await Self.expect(client, answers: 6)
        }
    }

    @Test("of login.wait eight; a further one is 1019, and there is room again when one has ended", arguments: [1, 4])
    func loginWaits(inBatchesOf size: Int) async throws {
        try await AgentFixture.run { fixture in
            let (connection, end) = try fixture.connect()
            await connection.open(isBusy: false)
            let client = AgentConnection(socket: end)
            let login = try await fixture.startLogin()
            let wait =
                #"{"jsonrpc":"2.0","method":"login.wait","id":7,"params":{"login_id":"\#(login.loginID)","#
                + #""seen":\#(login.revision),"timeout":600}}"#
            for _ in 0..<8 / size { try client.send(Self.batch(Array(repeating: wait, count: size))) }
            try client.send(wait + "\n")
            let refused = try await client.answer()
            #expect(refused?["error"]?["code"] == 1019)
            try client.send(Self.hello + "\n")
            try await Self.expect(client, answers: 1)
            try await fixture.cancel(login)
            try await Self.expect(client, answers: 8)
            try client.send(wait + "\n")
            #expect(try await client.answer()?["error"]?["code"] != 1019)
            await connection.close()
        }
    }

    @Test("a batch of notifications is answered with nothing, and a mixed one with what there is, in one line")
    func batches() async throws {
        try await Self.run { _, _, client in
            let notification = #"{"jsonrpc":"2.0","method":"agent.hello"}"#
            try client.send(Self.batch([notification, notification]) + Self.batch([notification, Self.hello, "7"]))
            let answer = try await client.answer()
            #expect(answer?.array?.count == 2)
            client.finishSending()
            #expect(try await client.line() == nil)
        }
    }

    @Test("another subscription of a connection replaces its filter, and none is told twice")
    func subscription() async throws {
        try await AgentFixture.run(isServing: false) { fixture in
            let events = Watched<[Event]>([])
            let subscriber = Subscriber { line in
                let notification = try? JSONDecoder().decode(EventNotification.self, from: Data(line))
                events.change { $0 += notification.map { [$0.params] } ?? [] }
            }
            for profile in ["a", nil, "a", "b"] { fixture.agent.events.add(subscriber, profile: profile) }
            fixture.agent.events.publish(.saved, profile: "a")
            fixture.agent.events.publish(.saved, profile: "b")
            fixture.agent.events.publish(.reloaded)
            #expect(events.value.map(\.profile) == ["b", nil])
        }
    }

    @Test("what somebody sends who goes away at once is still done")
    func fireAndForget() async throws {
        try await AgentFixture.run(isServing: false) { fixture in
            let (connection, end) = try fixture.connect()
            let logout = Array((#"{"jsonrpc":"2.0","method":"logout"}"# + "\n").utf8)
            for _ in 1...5 { #expect(write(end, logout, logout.count) == logout.count) }
            close(end)
            await connection.open(isBusy: false)
            for _ in 1...300 { await Reactor.shared.nextTurn() }
            #expect(fixture.log.lines.count { $0.contains("A sign-out was asked for.") } == 5)
        }
    }
}
