import Foundation
import Glibc
import TestSupport
import Testing

@testable import Agent

@Suite("A connection")
struct ConnectionTests {
    /// A connection served by an agent whose time a test advances.
    ///
    /// - Parameter isBusy: there are as many connections as there may be.
    private static func run(
        isBusy: Bool = false, _ body: @escaping @Sendable (AgentFixture, AgentConnection) async throws -> Void
    ) async throws {
        try await AgentFixture.run(isServing: false) { fixture in
            let (connection, end) = try fixture.connect()
            await connection.open(isBusy: isBusy)
            try await body(fixture, AgentConnection(socket: end))
            await connection.close()
        }
    }

    private static func expect(
        _ client: AgentConnection, _ text: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let line = try await client.line()
        #expect(line?.contains(text) == true, sourceLocation: sourceLocation)
    }

    /// The agent is to have closed the connection.
    private static func expectEnd(
        _ client: AgentConnection, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let line = try await client.line()
        #expect(line == nil, sourceLocation: sourceLocation)
    }

    /// A request that waits for the store.
    private static let slowLine = #"{"jsonrpc":"2.0","method":"token.get","id":"slow"}"# + "\n"
    private static let hello = #"{"jsonrpc":"2.0","method":"agent.hello","id":1}"#

    /// So many slow lines are begun at once.
    private static let begunLines = Connection.atWorkLimit - RequestHandler.batchLimit + 1

    /// Seconds that a line may take, where a test looks for who waits for its end.
    private static let lineTime = 9.9...10.0

    @Test("a line is answered by a line")
    func line() async throws {
        try await Self.run { _, client in
            try client.send(Self.hello + "\n")
            let answer = try #require(await client.line())
            #expect(answer.hasPrefix(#"{"jsonrpc":"2.0","id":1,"result":"#))
            #expect(answer.hasSuffix("}"))
        }
    }

    @Test("20: after a line that is no JSON the next one is answered")
    func resynchronise() async throws {
        try await Self.run { _, client in
            try client.send("{{{\n" + Self.hello + "\n")
            let answers = [try await client.line(), try await client.line()].compactMap(\.self)
            #expect(answers.contains { $0.contains("-32700") })
            #expect(answers.contains { $0.contains("\"result\"") })
        }
    }

    @Test("a line that has begun has ten seconds to end, then -32600 and the end")
    func deadline() async throws {
        try await Self.run { fixture, client in
            try client.send("{")
            try await fixture.clock.sleeper(within: Self.lineTime)
            fixture.clock.advance(by: 9.999)
            try client.send("\n" + Self.hello + "\n{")
            _ = try await client.line()
            try await Self.expect(client, "\"result\"")
            try await fixture.clock.sleeper(within: Self.lineTime)
            fixture.clock.advance(by: 10)
            try await Self.expect(client, "-32600")
            try await Self.expectEnd(client)
        }
    }

    @Test("each line has its ten seconds from its own beginning")
    func deadlineOfNextLine() async throws {
        try await Self.run { fixture, client in
            try client.send("{")
            try await fixture.clock.sleeper(within: Self.lineTime)
            fixture.clock.advance(by: 9)
            try client.send("}\n{")
            try await Self.expect(client, "-32600")
            try await fixture.clock.sleeper(within: Self.lineTime)
            fixture.clock.advance(by: 9)
            try client.send("}\n")
            try await Self.expect(client, "-32600")
            try client.send(Self.hello + "\n")
            try await Self.expect(client, "\"result\"")
        }
    }

    @Test("a line that has begun has to end, too, behind others that are still worked on")
    func deadlineBehindOthers() async throws {
        try await Self.run { fixture, client in
            fixture.store.hold()
            try client.send(String(repeating: Self.slowLine, count: Self.begunLines) + "{")
            try await fixture.store.callHeld()
            try await fixture.clock.sleeper(within: Self.lineTime)
            // Nothing is read now, so the rest of the line may be there.
            fixture.clock.advance(by: 10)
            try await fixture.clock.sleeper(within: Self.lineTime)
            fixture.store.release()
            for _ in 1...Self.begunLines { try await Self.expect(client, "\"id\":\"slow\"") }
            fixture.clock.advance(by: 10)
            try await Self.expect(client, "-32600")
            try await Self.expectEnd(client)
        }
    }

    @Test("an idle connection may stay")
    func idle() async throws {
        try await Self.run { fixture, client in
            for _ in 1...2 {
                fixture.clock.advance(by: 48 * 3600)
                try client.send(Self.hello + "\n")
                try await Self.expect(client, "\"result\"")
            }
        }
    }

    @Test("22: a line longer than 256 KiB is -32600 and the end")
    func tooLong() async throws {
        try await Self.run { _, client in
            // The agent may have ended the connection before all is sent.
            try? client.send(String(repeating: "x", count: 256 * 1024 + 1) + "\n")
            let answer = try #require(await client.line())
            #expect(answer.contains("-32600") && answer.contains("\"id\":null"))
            try await Self.expectEnd(client)
        }
    }

    @Test("nothing that comes after a line that is too long is begun, also while others are worked on")
    func afterTooLong() async throws {
        try await Self.run { fixture, client in
            fixture.store.hold()
            try client.send(Self.slowLine)
            try await fixture.store.callHeld()
            try client.send(String(repeating: "x", count: 256 * 1024 + 1) + "\n")
            try await Self.expect(client, "-32600")
            try? client.send(Self.hello + "\n")
            for _ in 1...100 { await Reactor.shared.nextTurn() }
            fixture.store.release()
            try await Self.expect(client, "\"id\":\"slow\"")
            try await Self.expectEnd(client)
        }
    }

    @Test(
        "24: after the half-close a last line without newline and all that is outstanding are answered, then it closes")
    func halfClose() async throws {
        try await Self.run { _, client in
            try client.send(Self.hello + "\n" + Self.hello)
            client.finishSending()
            for _ in 1...2 {
                try await Self.expect(client, "\"result\"")
            }
            try await Self.expectEnd(client)
        }
    }

    @Test(
        "a half-close behind lines that take their time ends the connection when all are answered, however many they are",
        // The second are more than are worked on at once, and than are read at once.
        arguments: [1, 3 * Connection.atWorkLimit])
    func halfCloseBehindSlowLines(count: Int) async throws {
        try await Self.run { fixture, client in
            fixture.store.hold()
            try client.send(String(repeating: Self.slowLine, count: count))
            client.finishSending()
            try await fixture.store.callHeld()
            fixture.store.release()
            for _ in 1...count { try await Self.expect(client, "\"id\":\"slow\"") }
            try await Self.expectEnd(client)
        }
    }

    @Test("21, 23: a slow request delays no other on the same connection")
    func slow() async throws {
        try await Self.run { fixture, client in
            fixture.store.hold()
            try client.send(Self.slowLine)
            try await fixture.store.callHeld()
            for _ in 1...64 { try client.send(Self.hello + "\n") }
            for _ in 1...64 {
                try await Self.expect(client, "\"id\":1")
            }
            fixture.store.release()
            try await Self.expect(client, "\"id\":\"slow\"")
        }
    }

    @Test("a client that reads nothing for a while gets all its answers in the end")
    func unread() async throws {
        try await Self.run { _, client in
            // Some 4 MB of answers: more than a socket holds and than may be left unread, so the agent stops reading, too.
            let count = 40_000
            for _ in 1...count / 100 { try client.send(String(repeating: Self.hello + "\n", count: 100)) }
            for _ in 1...count {
                try await Self.expect(client, "\"id\":1")
            }
        }
    }

    @Test("a connection that is gone is forgotten, with what it had subscribed to")
    func forgotten() async throws {
        try await AgentFixture.run(isServing: false) { fixture in
            // All of it is there, and the client gone, when the agent first looks.
            let line = Array(#"{"jsonrpc":"2.0","method":"events.subscribe","id":1}"# + "\n").map { $0.asciiValue ?? 0 }
            let gone = try await Self.open(fixture) { end in
                try #require(write(end, line, line.count) == line.count)
                close(end)
            }
            for _ in 1...1000 where gone.connection != nil { await Reactor.shared.turn() }
            #expect(gone.connection == nil)
        }
    }

    private struct WeakConnection: Sendable {
        weak let connection: Connection?
    }

    /// - Parameter first: what a client does before.
    private static func open(
        _ fixture: AgentFixture, after first: (CInt) throws -> Void
    ) async throws -> WeakConnection {
        let (connection, end) = try fixture.connect(number: 2)
        try first(end)
        await connection.open(isBusy: false)
        return WeakConnection(connection: connection)
    }

    @Test("one connection too many is 1019 and the end")
    func busy() async throws {
        try await Self.run(isBusy: true) { _, client in
            try await Self.expect(client, "1019")
            try await Self.expectEnd(client)
        }
    }

    @Test("6: a notification writes nothing")
    func notification() async throws {
        try await Self.run { _, client in
            try client.send(#"{"jsonrpc":"2.0","method":"agent.hello"}"# + "\n" + Self.hello + "\n")
            client.finishSending()
            try await Self.expect(client, "\"id\":1")
            try await Self.expectEnd(client)
        }
    }
}
