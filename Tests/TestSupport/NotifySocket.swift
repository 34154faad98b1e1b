import CLinux
import Foundation
import Glibc
import Synchronization

/// The service manager's end of sd_notify(3): a datagram socket of the test's own, whose messages can be awaited, and a store of the descriptors that
/// come with them.
final class NotifySocket: Sendable {
    /// What the manager keeps for the service, in the order in which it came.
    typealias Stored = (name: String, descriptor: Int32)

    let path: String
    private let descriptor: Int32
    private let lines = Mutex(OutputText())
    private let store = Mutex<[Stored]>([])
    /// Whoever reads must have it.
    private let turn = DispatchSemaphore(value: 1)

    init(path: String) throws {
        self.path = path
        descriptor = try UnixSocket.listening(path, type: SOCK_DGRAM)
        Thread.detachNewThread { self.receive() }
    }

    deinit {
        dropStored()
    }

    /// What is in the store; the descriptors stay its own.
    var stored: [Stored] { store.withLock { $0 } }

    /// Puts something into the store that the service never gave.
    func put(_ contents: String, as name: String) throws {
        let file = memfd_create("foreign", UInt32(MFD_CLOEXEC))
        guard file >= 0, write(file, contents, contents.utf8.count) == contents.utf8.count else {
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
        store.withLock { $0.append((name, file)) }
    }

    /// Empties the store, as the manager does when a service is stopped.
    func dropStored() {
        store.withLock { stored in
            stored.forEach { Glibc.close($0.descriptor) }
            stored = []
        }
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

    /// Reads nothing more, and fills the queue: whoever sends a message from now on has to wait.
    func clog() throws {
        turn.wait()
        let sender = try UnixSocket.connected(to: path, type: SOCK_DGRAM)
        defer { Glibc.close(sender) }
        while send(sender, "X", 1, Int32(MSG_DONTWAIT)) >= 0 {}
        guard errno == EAGAIN else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    /// Ends the receiving thread, which closes the socket.
    func close() {
        shutdown(descriptor, Int32(SHUT_RDWR))
        turn.signal()
    }

    private func receive() {
        while true {
            turn.wait()
            turn.signal()
            guard let (message, descriptors) = nextMessage() else { break }
            keep(descriptors, toldBy: message)
            lines.withLock { $0.append(Array(message.utf8) + [UInt8(ascii: "\n")]) }.forEach { $0() }
        }
        lines.withLock { $0.finish() }.forEach { $0() }
        Glibc.close(descriptor)
    }

    /// Does with the store what systemd does (sd_notify(3), FDSTORE=1 and FDSTOREREMOVE=1).
    private func keep(_ descriptors: [Int32], toldBy message: String) {
        let fields = message.split(separator: "\n")
        let name = fields.first { $0.hasPrefix("FDNAME=") }.map { String($0.dropFirst(7)) } ?? "stored"
        store.withLock { stored in
            if fields.contains("FDSTOREREMOVE=1") {
                for removed in stored where removed.name == name { Glibc.close(removed.descriptor) }
                stored.removeAll { $0.name == name }
            }
            if fields.contains("FDSTORE=1") {
                stored += descriptors.map { (name, $0) }
            } else {
                descriptors.forEach { Glibc.close($0) }
            }
        }
    }

    /// A message and the descriptors that came with it; nil at the end.
    private func nextMessage() -> (String, [Int32])? {
        var datagram = [UInt8](repeating: 0, count: 4096)
        var control = [UInt8](repeating: 0, count: 256)
        let (count, controlCount) = datagram.withUnsafeMutableBytes { datagram in
            control.withUnsafeMutableBytes { control in
                var part = iovec(iov_base: datagram.baseAddress, iov_len: datagram.count)
                return withUnsafeMutablePointer(to: &part) { part in
                    var message = msghdr()
                    message.msg_iov = part
                    message.msg_iovlen = 1
                    message.msg_control = control.baseAddress
                    message.msg_controllen = control.count
                    var count: Int
                    repeat {
                        count = recvmsg(descriptor, &message, Int32(MSG_CMSG_CLOEXEC))
                    } while count < 0
                        && errno == EINTR
                    return (count, Int(message.msg_controllen))
                }
            }
        }
        guard count > 0 else { return nil }
        return (String(decoding: datagram.prefix(count), as: UTF8.self), Self.descriptors(in: control[..<controlCount]))
    }

    /// The descriptors of an SCM_RIGHTS message (cmsg(3)): a header of its length, level and type, and then the numbers. Nothing else comes first.
    private static func descriptors(in control: ArraySlice<UInt8>) -> [Int32] {
        control.withUnsafeBytes { bytes in
            let header = MemoryLayout<cmsghdr>.size
            guard bytes.count >= header else { return [] }
            let (length, level, type) = (
                bytes.loadUnaligned(as: Int.self), bytes.loadUnaligned(fromByteOffset: 8, as: Int32.self),
                bytes.loadUnaligned(fromByteOffset: 12, as: Int32.self)
            )
            guard level == SOL_SOCKET, type == Int32(SCM_RIGHTS), length <= bytes.count else { return [] }
            return stride(from: header, to: length, by: 4).map { offset in
                bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self)
            }
        }
    }
}
