import Glibc
import Hummingbird
import NIOCore
import NIOHTTP1
import NIOSSL

/// Turns a request of the server into a ``Call``, and the tenant's reply into bytes or a dropped connection.
struct TenantResponder: HTTPResponder {
    /// More than any request of a client needs.
    private static let longestBody = 1_048_576

    let tenant: DevTenant

    func respond(to request: Request, context: ConnectionContext) async throws -> Response {
        let body = try await request.body.collect(upTo: Self.longestBody)
        let call = Call(
            method: request.method, path: request.uri.path, query: Parameters(form: request.uri.query ?? "") ?? .init(),
            headers: request.headers, body: String(buffer: body),
            source: context.channel.remoteAddress?.ipAddress ?? "")
        let reply =
            call.path.hasPrefix(DevTenant.controlPrefix)
            ? .answer(await tenant.control(call)) : try await tenant.handle(call)
        switch reply {
        case .answer(let answer):
            return response(for: answer, context)
        case .hangUp:
            return try await noResponse(context.channel)
        case .reset:
            // What is closed without lingering is reset (socket(7), SO_LINGER).
            let socket = context.channel as? any SocketOptionProvider
            try await socket?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
            return try await noResponse(context.channel)
        }
    }

    /// Drops the connection; what is returned has nowhere to go.
    private func noResponse(_ channel: any Channel) async throws -> Response {
        try await drop(channel)
        return Response(status: .internalServerError)
    }

    private func response(for answer: Answer, _ context: ConnectionContext) -> Response {
        let body: ResponseBody =
            switch answer.body {
            case .text(let text): .init(byteBuffer: ByteBuffer(string: text))
            case .oversized(let bytes): oversized(bytes)
            case .endless: endless(context.channel)
            case .stalled: stalled(context.channel)
            case .trickling: trickling(context.channel)
            case .garbled: garbled(context.channel)
            }
        return Response(status: .init(code: answer.status), headers: answer.headers, body: body)
    }

    private static let blanks = ByteBuffer(repeating: UInt8(ascii: " "), count: 65_536)

    private func oversized(_ bytes: Int) -> ResponseBody {
        ResponseBody(contentLength: bytes) { writer in
            try await writer.write(ByteBuffer(string: "{"))
            var missing = bytes - 1
            while missing > 0 {
                let count = min(missing, Self.blanks.readableBytes)
                try await writer.write(ByteBuffer(repeating: UInt8(ascii: " "), count: count))
                missing -= count
            }
            try await writer.finish(nil)
        }
    }

    private func endless(_ channel: any Channel) -> ResponseBody {
        ResponseBody { [tenant] writer in
            try await writer.write(ByteBuffer(string: "{"))
            while await !tenant.isClosing { try await writer.write(Self.blanks) }
            try await drop(channel)
        }
    }

    private func stalled(_ channel: any Channel) -> ResponseBody {
        ResponseBody(contentLength: 4096) { [tenant] writer in
            try await writer.write(ByteBuffer(string: "{"))
            try await tenant.wait { $0.isClosing ? true : nil }
            try await drop(channel)
        }
    }

    private func trickling(_ channel: any Channel) -> ResponseBody {
        ResponseBody { [tenant] writer in
            try await writer.write(ByteBuffer(string: "{"))
            while await !tenant.isClosing {
                try await Task.sleep(for: .seconds(1))
                try await writer.write(ByteBuffer(string: " "))
            }
            try await drop(channel)
        }
    }

    private func garbled(_ channel: any Channel) -> ResponseBody {
        ResponseBody { writer in
            try await writer.write(ByteBuffer(string: "{"))
            try await channel.eventLoop.submit {
                // From beneath the encoder, which would write a chunk's length itself.
                try channel.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
                    .writeAndFlush(NIOAny(ByteBuffer(string: "length?\r\n}\r\n")), promise: nil)
            }.get()
            try await drop(channel)
        }
    }

    /// Closes a connection beneath TLS, without its farewell: so a lost connection looks from the other side, and
    /// there is no waiting for an answer to the farewell.
    private func drop(_ channel: any Channel) async throws {
        try await channel.eventLoop.submit {
            // Without TLS there is no such handler.
            if let tls = try? channel.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self) {
                tls.close(promise: nil)
            } else {
                channel.close(promise: nil)
            }
        }.get()
    }
}
