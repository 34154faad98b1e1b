import CAgent
import CSystemd
import Glibc

/// The socket that clients connect to: inherited from the service manager, or bound by us.
package struct ListeningSocket: Sendable {
    package let descriptor: CInt
    /// What to unlink at the end; nil for an inherited socket, which is not ours.
    private let path: String?

    package enum Failure: Error, Equatable {
        /// Another agent runs, or the service manager listens in its place.
        case alreadyRunning(String)
        case unusable(String)
    }

    /// Takes the socket that the service manager passed, else binds the path.
    ///
    /// - Parameters:
    ///   - inherited: the sockets that were passed.
    ///   - path: where to listen; its directory is made if need be, for the user alone.
    static func open(inherited: [CInt], path: String?) throws(Failure) -> ListeningSocket {
        guard let descriptor = inherited.first else {
            guard let path else {
                throw .unusable(
                    "neither POSTERN_SOCKET nor XDG_RUNTIME_DIR is set, so there is no place for the socket")
            }
            return try bind(path)
        }
        guard inherited.count == 1 else {
            throw .unusable("\(inherited.count) sockets were inherited; exactly one is expected")
        }
        guard sd_is_socket_unix(descriptor, Int32(SOCK_STREAM.rawValue), 1, nil, 0) > 0 else {
            throw .unusable("the inherited file descriptor is no listening Unix stream socket")
        }
        return ListeningSocket(descriptor: descriptor, path: nil)
    }

    /// Removes the socket file if it was made here. The lock file stays: removing it would let two agents lock two files of the same name.
    func remove() {
        if let path { unlink(path) }
    }

    private static func bind(_ path: String) throws(Failure) -> ListeningSocket {
        var address = sockaddr_un()
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard path.utf8.count < capacity else {
            throw .unusable("\(path): a socket's path may have \(capacity - 1) bytes at most")
        }
        guard path.hasPrefix("/") else { throw .unusable("POSTERN_SOCKET must be an absolute path, not \"\(path)\"") }
        let directory = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        try makePrivate(directory)
        try lock(path + ".lock")
        try removeStale(path)

        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .unusable("no socket: \(reason)") }
        // POSIX does not promise that a socket's mode is looked at, which is why its directory is private and the peer is checked as well.
        let mask = umask(0o177)
        defer { umask(mask) }
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            let why = reason
            close(descriptor)
            throw .unusable("\(path): \(why)")
        }
        return ListeningSocket(descriptor: descriptor, path: path)
    }

    /// Makes the directory, or checks that nobody else can put a socket of their own there.
    private static func makePrivate(_ directory: String) throws(Failure) {
        if mkdir(directory, 0o700) != 0, errno != EEXIST {
            throw .unusable("the directory \(directory) cannot be made: \(reason)")
        }
        var file = postern_file()
        guard postern_lstat(directory, &file) == 0 else { throw .unusable("\(directory): \(reason)") }
        guard file.mode & S_IFMT == S_IFDIR else { throw .unusable("\(directory) is not a directory") }
        guard file.owner == geteuid() else { throw .unusable("\(directory) belongs to another user") }
        guard file.mode & 0o077 == 0 else {
            throw .unusable("\(directory) is open to other users; close it by 'chmod 700 \(directory)'")
        }
    }

    /// The lock is held until the process ends, however it ends (flock(2)); whoever has it may replace a socket file left behind.
    private static func lock(_ path: String) throws(Failure) {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .unusable("\(path): \(reason)") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let isHeld = errno == EWOULDBLOCK
            let why = reason
            close(descriptor)
            throw isHeld ? .alreadyRunning("another posternd holds \(path)") : .unusable("\(path): \(why)")
        }
    }

    private static func removeStale(_ path: String) throws(Failure) {
        var file = postern_file()
        guard postern_lstat(path, &file) == 0 else { return }
        guard file.mode & S_IFMT == S_IFSOCK, file.owner == geteuid() else {
            throw .unusable("\(path) is in the way and is no socket of ours")
        }
        guard !isServed(path) else {
            throw .alreadyRunning(
                "\(path) is served already, perhaps by systemd; if so, use 'systemctl --user start posternd.service'")
        }
        unlink(path)
    }

    private static func isServed(_ path: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }

    private static var reason: String { String(cString: strerror(errno)) }
}
