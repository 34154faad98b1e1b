import Foundation
import Glibc

/// A connection to gnome-keyring's control socket. Each message is its length (its own four bytes included), an
/// operation or result and length-prefixed strings, all numbers 32 bits in network order; the first byte of all only
/// carries the sender's credentials.
struct ControlSocket: ~Copyable {
    private let descriptor: Int32

    init(path: String) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let connected = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard connected == 0 else {
            let number = errno
            close(descriptor)
            throw PrivateDesktop.Failure(step: "connecting to \(path)", detail: "errno \(number)")
        }
    }

    deinit {
        close(descriptor)
    }

    /// - Returns: 0 if it is unlocked now.
    func unlock(password: String) throws -> UInt32 {
        let body = Self.bytes(1) + Self.bytes(UInt32(password.utf8.count)) + Array(password.utf8)
        let message = [0] + Self.bytes(UInt32(body.count + 4)) + body
        guard write(descriptor, message, message.count) == message.count else {
            throw PrivateDesktop.Failure(step: "writing to the control socket", detail: "errno \(errno)")
        }
        var answer: [UInt8] = []
        while answer.count < 8 {
            var chunk = [UInt8](repeating: 0, count: 8 - answer.count)
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else {
                throw PrivateDesktop.Failure(step: "reading from the control socket", detail: "errno \(errno)")
            }
            answer += chunk.prefix(count)
        }
        return answer[4...].reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func bytes(_ number: UInt32) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian, Array.init)
    }
}
