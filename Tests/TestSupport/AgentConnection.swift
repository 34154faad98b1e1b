package import DevTenant
import Foundation
import Glibc

/// A raw connection to an agent's socket: bytes in, lines out. It knows nothing of the project's own client.
package final class AgentConnection: Sendable {
    /// Closed when neither the connection nor its reading thread needs it any more, so its number is never another socket's.
    private final class Descriptor: Sendable {
        let number: Int32

        init(_ number: Int32) { self.number = number }

        deinit { close(number) }
    }

    private let socket: Descriptor
    private let lines: AsyncStream<String>

    package convenience init(path: String) throws {
        self.init(socket: try UnixSocket.connected(to: path))
    }

    /// - Parameter socket: connected; it is closed with this connection.
    package init(socket number: Int32) {
        let socket = Descriptor(number)
        self.socket = socket
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        self.lines = lines
        Thread.detachNewThread { Self.read(socket, continuation) }
    }

    deinit {
        // Ends the reading thread.
        shutdown(socket.number, Int32(SHUT_RDWR))
    }

    package func send(_ text: String) throws {
        try send(bytes: Array(text.utf8))
    }

    package func send(bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(socket.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
            rest = rest.dropFirst(count)
        }
    }

    package func request(_ method: String, _ params: JSON = [:], id: JSON = 1) throws {
        let request: JSON = ["jsonrpc": "2.0", "id": id, "method": .string(method), "params": params]
        try send(request.text + "\n")
    }

    /// Calls a method, and waits for its answer. One caller at a time.
    ///
    /// - Throws: ``Refusal`` if the agent answers an error.
    @discardableResult
    package func call(_ method: String, _ params: JSON = [:]) async throws -> JSON {
        try request(method, params)
        guard let answer = try await answer() else { throw POSIXError(.ECONNRESET) }
        if let error = answer["error"] { throw Refusal(error) }
        guard let result = answer["result"] else { throw POSIXError(.EBADMSG) }
        return result
    }

    /// Says that nothing more will be sent.
    package func finishSending() {
        shutdown(socket.number, Int32(SHUT_WR))
    }

    /// Goes away without reading what may still come.
    package func hangUp() {
        shutdown(socket.number, Int32(SHUT_RDWR))
    }

    /// The next line, or nil once the agent has closed the connection. One caller at a time.
    package func line() async throws -> String? {
        try await withDeadline(.seconds(40)) { [lines] in
            var iterator = lines.makeAsyncIterator()
            return await iterator.next()
        }
    }

    /// The next line as JSON; nil once the agent has closed the connection, and null for what is no JSON.
    package func answer() async throws -> JSON? {
        try await line().map { JSON(text: $0) ?? .null }
    }

    private static func read(_ socket: Descriptor, _ lines: AsyncStream<String>.Continuation) {
        var pending: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = Glibc.read(socket.number, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { break }
            pending += chunk.prefix(count)
            while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                lines.yield(String(decoding: pending[..<end], as: UTF8.self))
                pending.removeSubrange(...end)
            }
        }
        lines.finish()
    }
}

/// An `error` that the agent answered.
package struct Refusal: Error, Equatable {
    package var code: Int
    package var message: String
    package var data: JSON

    package init(_ error: JSON) {
        code = error["code"]?.integer ?? 0
        message = error["message"]?.string ?? ""
        data = error["data"] ?? [:]
    }

    package var reason: String? { data["reason"]?.string }
    package var cause: String? { data["cause"]?.string }
}
