import Foundation
import Glibc
import Synchronization

/// The service manager's end of sd_notify(3): a datagram socket of the test's own, whose messages can be awaited.
final class NotifySocket: Sendable {
    let path: String
    private let descriptor: Int32
    private let lines = Mutex(OutputText())

    init(path: String) throws {
        self.path = path
        descriptor = try UnixSocket.listening(path, type: SOCK_DGRAM)
        Thread.detachNewThread { self.receive() }
    }

    /// Waits for a line such as `READY=1`; lines up to the one found are not looked at again.
    func line(where matches: @escaping @Sendable (String) -> Bool) async throws {
        let id = UUID()
        let found = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                lines.withLock { $0.await(.line(matches), id: id, continuation) }.forEach { $0() }
            }
        } onCancel: {
            lines.withLock { $0.cancel(id) }.forEach { $0() }
        }
        try Task.checkCancellation()
        guard found != nil else { throw CancellationError() }
    }

    /// Ends the receiving thread, which closes the socket.
    func close() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    private func receive() {
        var datagram = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &datagram, datagram.count, 0)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { break }
            lines.withLock { $0.append(datagram.prefix(count) + [UInt8(ascii: "\n")]) }.forEach { $0() }
        }
        lines.withLock { $0.finish() }.forEach { $0() }
        Glibc.close(descriptor)
    }
}
