import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import TestSupport
import Testing

@testable import Auth0

@Suite("An answer that is no HTTP")
struct RawAnswerTests {
    /// Answers whatever comes with the same bytes, and closes.
    private final class Parrot: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let answer: String

        init(_ answer: String) {
            self.answer = answer
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
            context.close(promise: nil)
        }
    }

    @Test(
        "it is no answer, and ends nothing but its request",
        arguments: [
            "HTTP/1.1 000 X", "HTTP/1.1 001 X", "HTTP/1.1 099 X", "HTTP/1.1 0 X", "HTTP/1.1 100 X",
            "HTTP/1.1 199 X", "HTTP/1.1 99999999999999999999 X", "HTTP/1.1 -1 X", "HTTP/1.1  X", "HTTP/9.9 000 X", "X",
        ],
        [
            "", "\r\nContent-Length: 2\r\n\r\n{}", "\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            "\r\n\r\n{}",
        ])
    func status(line: String, rest: String) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let server = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Parrot(line + rest))
                }
            }.bind(host: "127.0.0.1", port: 0).get()
        let client = HTTPTransport.makeClient(on: group)
        let transport = HTTPTransport(client: client) { try await Task.sleep(for: $0) }
        let url = "http://127.0.0.1:\(try #require(server.localAddress?.port))/oauth/token"
        await #expect(throws: HTTPTransport.Failure.self) {
            _ = try await transport.send(.POST, url, headers: [:], body: Array("{}".utf8))
        }
        try await client.shutdown()
        try await server.close()
    }
}
