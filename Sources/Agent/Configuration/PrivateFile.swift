import CAgent
import Glibc
import Synchronization

/// A file whose words decide where a person's tokens go, and which therefore nobody else may write (`postern.conf`, `ca_file`).
///
/// The directories above it are not looked at, as ssh does not for `~/.ssh/config`: who may replace them may do so at any moment, also after a look.
enum PrivateFile {
    /// Bytes.
    static let limit = 1 << 20

    /// What is wrong with a file, to be read after its name.
    enum Problem: Error, Equatable, CustomStringConvertible {
        case failed(CInt)
        case notRegular
        case danglingLink
        case tooLarge
        case foreignOwner(UInt32)
        case writableByOthers
        case writableByGroup(UInt32)
        case hasNUL
        case notUTF8

        var description: String {
            switch self {
            case .failed(let code): "cannot be read: \(String(cString: strerror(code)))"
            case .notRegular: "is not a regular file"
            case .danglingLink: "is a link to nothing"
            case .tooLarge: "is larger than \(PrivateFile.limit) bytes"
            case .foreignOwner(let owner): "belongs to user \(owner); it must belong to you or root"
            case .writableByOthers: "can be written by everybody; run chmod go-w on it"
            case .writableByGroup(let group):
                "can be written by group \(group), which others are in; run chmod g-w on it"
            case .hasNUL: "holds a NUL byte"
            case .notUTF8: "is not UTF-8"
            }
        }
    }

    /// The text without its byte order mark; nil if there is no such file.
    ///
    /// What is checked is the open file that is read then, so that nobody can put another in its place between. It is never waited for.
    static func read(_ path: String) throws(Problem) -> String? {
        guard !path.utf8.contains(0) else { throw .hasNUL }
        // Not blocking: a FIFO, which nobody need ever write to, opens at once (fifo(7)).
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            let code = errno
            // A socket and a device without a driver.
            guard code != ENXIO, code != ENODEV else { throw .notRegular }
            guard code == ENOENT else { throw .failed(code) }
            var link = postern_file()
            if postern_lstat(path, &link) == 0 { throw .danglingLink }
            return nil
        }
        defer { close(descriptor) }
        var file = postern_file()
        guard postern_fstat(descriptor, &file) == 0 else { throw .failed(errno) }
        if let problem = problem(file, hasACL: postern_has_acl(descriptor) != 0, user: geteuid()) { throw problem }
        let bytes = try contents(descriptor)
        guard !bytes.contains(0) else { throw .hasNUL }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
        return text.utf8.starts(with: [0xEF, 0xBB, 0xBF]) ? String(text.unicodeScalars.dropFirst()) : text
    }

    /// Why a file's kind, owner or permissions are not accepted; nil if they are.
    static func problem(_ file: postern_file, hasACL: Bool, user: uid_t) -> Problem? {
        guard file.mode & S_IFMT == S_IFREG else { return .notRegular }
        guard file.owner == user || file.owner == 0 else { return .foreignOwner(file.owner) }
        guard file.mode & S_IWOTH == 0 else { return .writableByOthers }
        guard file.mode & S_IWGRP == 0 || !hasACL && isPrivate(group: file.group, of: user) else {
            return .writableByGroup(file.group)
        }
        return nil
    }

    private static func contents(_ descriptor: CInt) throws(Problem) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return bytes }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw .failed(errno)
            }
            bytes += buffer[..<count]
            guard bytes.count <= limit else { throw .tooLarge }
        }
    }

    /// getpwent(3) has one place in the list of users for the whole process.
    private static let userDatabase = Mutex(())

    /// Whether somebody is in the group, and nobody but the user and root, who may write everything anyway; as Debian's ssh has it
    /// (user-group-modes.patch, `secure_permissions`).
    private static func isPrivate(group: gid_t, of user: uid_t) -> Bool {
        userDatabase.withLock { _ in
            guard let entry = getgrgid(group) else { return false }
            var members: Set<String> = []
            var name = entry.pointee.gr_mem
            while let member = name?.pointee {
                members.insert(String(cString: member))
                name = name?.advanced(by: 1)
            }
            setpwent()
            defer { endpwent() }
            var isUsed = false
            while let entry = getpwent() {
                let isMember = members.remove(String(cString: entry.pointee.pw_name)) != nil
                guard entry.pointee.pw_gid == group || isMember else { continue }
                guard entry.pointee.pw_uid == user || entry.pointee.pw_uid == 0 else { return false }
                isUsed = true
            }
            // A member whom the list of users does not show may be anybody.
            return isUsed && members.isEmpty
        }
    }
}
