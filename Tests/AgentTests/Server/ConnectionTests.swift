import Foundation
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import Agent

@Suite("A connection")
struct ConnectionTests {
    /// A connection on an event loop whose time a test advances.
    private static func run(
        limit: Int = 10, _ body: @escaping @Sendable (AgentFixture, NIOAsyncTestingChannel) async throws -> Void
    ) async throws {
        try await AgentFixture.run(isServing: false) { fixture in
            let channel = NIOAsyncTestingChannel()
            let connectionLimit = ConnectionLimit()
            connectionLimit.value = limit
            try await channel.testingEventLoop.executeInContext {
                try channel.pipeline.syncOperations.addHandler(
                    Connection(
                        handler: RequestHandler(methods: Methods(agent: fixture.agent)),
                        connections: Connections(limit: connectionLimit), events: fixture.agent.events))
            }
            try await channel.connect(to: SocketAddress(unixDomainSocketPath: "/client")).get()
            try await body(fixture, channel)
            // It may be closed already, which was the point of the test then.
            _ = try? await channel.finish(acceptAlreadyClosed: true)
        }
    }

    private static func send(_ text: String, on channel: NIOAsyncTestingChannel) async throws {
        try await channel.writeInbound(ByteBuffer(string: text))
    }

    private static func answer(on channel: NIOAsyncTestingChannel) async throws -> String {
        String(buffer: try await channel.waitForOutboundWrite(as: ByteBuffer.self))
    }

    private static let hello = #"{"jsonrpc":"2.0","method":"agent.hello","id":1}"#

    @Test("a line is answered by a line")
    func line() async throws {
        try await Self.run { _, channel in
            try await Self.send(Self.hello + "\n", on: channel)
            let answer = try await Self.answer(on: channel)
            #expect(answer.hasPrefix(#"{"jsonrpc":"2.0","id":1,"result":"#))
            #expect(answer.hasSuffix("}\n"))
        }
    }

    @Test("20: after a line that is no JSON the next one is answered")
    func resynchronise() async throws {
        try await Self.run { _, channel in
            try await Self.send("{{{\n" + Self.hello + "\n", on: channel)
            let answers = [try await Self.answer(on: channel), try await Self.answer(on: channel)]
            #expect(answers.contains { $0.contains("-32700") })
            #expect(answers.contains { $0.contains("\"result\"") })
        }
    }

    @Test("a line that has begun has ten seconds to end, then -32600 and the end")
    func deadline() async throws {
        try await Self.run { _, channel in
            try await Self.send("{", on: channel)
            await channel.testingEventLoop.advanceTime(by: .milliseconds(9_999))
            #expect(channel.isActive)
            await channel.testingEventLoop.advanceTime(by: .milliseconds(1))
            #expect(try await Self.answer(on: channel).contains("-32600"))
            try await channel.closeFuture.get()
        }
    }

    @Test("each line has its ten seconds from its own beginning")
    func deadlineOfNextLine() async throws {
        try await Self.run { _, channel in
            try await Self.send("{", on: channel)
            await channel.testingEventLoop.advanceTime(by: .seconds(9))
            try await Self.send("}\n{", on: channel)
            #expect(try await Self.answer(on: channel).contains("-32600"))
            await channel.testingEventLoop.advanceTime(by: .seconds(9))
            #expect(channel.isActive)
            await channel.testingEventLoop.advanceTime(by: .seconds(1))
            try await channel.closeFuture.get()
        }
    }

    @Test("an idle connection may stay")
    func idle() async throws {
        try await Self.run { _, channel in
            await channel.testingEventLoop.advanceTime(by: .hours(48))
            try await Self.send(Self.hello + "\n", on: channel)
            _ = try await Self.answer(on: channel)
            await channel.testingEventLoop.advanceTime(by: .hours(48))
            #expect(channel.isActive)
        }
    }

    @Test("22: a line longer than 256 KiB is -32600 and the end")
    func tooLong() async throws {
        try await Self.run { _, channel in
            try await Self.send(String(repeating: "x", count: 256 * 1024 + 1) + "\n", on: channel)
            let answer = try await Self.answer(on: channel)
            #expect(answer.contains("-32600") && answer.contains("\"id\":null"))
            try await channel.closeFuture.get()
        }
    }

    @Test(
        "24: after the half-close a last line without newline and all that is outstanding are answered, then it closes")
    func halfClose() async throws {
        try await Self.run { _, channel in
            try await Self.send(Self.hello + "\n" + Self.hello, on: channel)
            try await channel.testingEventLoop.executeInContext {
                channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
            }
            for _ in 1...2 {
                #expect(try await Self.answer(on: channel).contains("\"result\""))
            }
            try await channel.closeFuture.get()
        }
    }

    @Test("21, 23: a slow request delays no other on the same connection")
    func slow() async throws {
        try await Self.run { fixture, channel in
            fixture.store.hold()
            try await Self.send(#"{"jsonrpc":"2.0","method":"token.get","id":"slow"}"# + "\n", on: channel)
            try await fixture.store.callHeld()
            for _ in 1...64 { try await Self.send(Self.hello + "\n", on: channel) }
            for _ in 1...64 {
                #expect(try await Self.answer(on: channel).contains("\"id\":1"))
            }
            fixture.store.release()
            #expect(try await Self.answer(on: channel).contains("\"id\":\"slow\""))
        }
    }

    @Test("one connection too many is 1019 and the end")
    func busy() async throws {
        try await Self.run(limit: 0) { _, channel in
            #expect(try await Self.answer(on: channel).contains("1019"))
            try await channel.closeFuture.get()
        }
    }

    @Test("6: a notification writes nothing")
    func notification() async throws {
        try await Self.run { _, channel in
            try await Self.send(#"{"jsonrpc":"2.0","method":"agent.hello"}"# + "\n" + Self.hello + "\n", on: channel)
            #expect(try await Self.answer(on: channel).contains("\"id\":1"))
            #expect(try await channel.readOutbound(as: ByteBuffer.self) == nil)
        }
    }
}
