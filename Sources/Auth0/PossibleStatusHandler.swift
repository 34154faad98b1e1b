import NIOCore
import NIOHTTP1

/// Ends a connection whose answer has a status below 100, which is none (RFC 9110, section 15).
///
/// AsyncHTTPClient 1.37.0 passes over every head below 200 as one of those that announce another (`HTTPRequestStateMachine.receivedHTTPResponseHead`), but
/// the decoder takes only 1xx for these: the body that then comes without a head ends the process.
final class PossibleStatusHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart

    struct ImpossibleStatus: Error {}

    private var isRefusing = false

    /// Puts one behind the decoder of a connection of the client's.
    static func add(to channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.submit {
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
            try pipeline.addHandler(PossibleStatusHandler(), position: .after(decoder))
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isRefusing else { return }
        if case .head(let head) = Self.unwrapInboundIn(data), head.status.code < 100 {
            isRefusing = true
            context.fireErrorCaught(ImpossibleStatus())
            return context.close(promise: nil)
        }
        context.fireChannelRead(data)
    }
}
