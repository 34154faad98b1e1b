import Foundation
package import Glibc

/// Unix sockets by path (unix(7)).
package enum UnixSocket {
    /// - Throws: `POSIXError` with the reason.
    package static func connected(to path: String, type: __socket_type = SOCK_STREAM) throws -> Int32 {
        try made(path, type: type) { connect($0, $1, $2) }
    }

    /// A bound socket; one for streams listens as well.
    package static func listening(_ path: String, type: __socket_type = SOCK_STREAM) throws -> Int32 {
        let descriptor = try made(path, type: type) { bind($0, $1, $2) }
        if type == SOCK_STREAM { listen(descriptor, 16) }
        return descriptor
    }

    private static func made(
        _ path: String, type: __socket_type, _ attach: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let descriptor = socket(AF_UNIX, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let result = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                attach(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            let failure = POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
            close(descriptor)
            throw failure
        }
        return descriptor
    }
}
