import Auth0
import CLinux
import Glibc
import KeyringProtocol

/// A file that has no name, lies in memory, and cannot be changed any more by anybody who has it (memfd_create(2), fcntl(2) "File Sealing").
enum SealedFile {
    struct Failure: Error {
        let errno: CInt
    }

    /// Longer ones are neither made nor read.
    private static let limit = 1 << 20

    /// - Returns: its only descriptor, which the caller closes.
    static func make(_ contents: Secret) throws(Failure) -> CInt {
        guard contents.revealed.utf8.count <= limit else { throw Failure(errno: EFBIG) }
        let descriptor = try create()
        do throws(Failure) {
            try write(contents, to: descriptor)
            guard fcntl(descriptor, CInt(POSTERN_F_ADD_SEALS), CInt(POSTERN_F_SEAL_ALL)) == 0 else {
                throw Failure(errno: errno)
            }
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func create() throws(Failure) -> CInt {
        let flags = UInt32(MFD_CLOEXEC | MFD_ALLOW_SEALING)
        // A machine may demand that such files be not executable (sysctl vm.memfd_noexec); a kernel before 6.3 does not know the flag.
        var descriptor = memfd_create("postern", flags | UInt32(POSTERN_MFD_NOEXEC_SEAL))
        if descriptor < 0, errno == EINVAL { descriptor = memfd_create("postern", flags) }
        guard descriptor >= 0 else { throw Failure(errno: errno) }
        return descriptor
    }

    private static func write(_ contents: Secret, to descriptor: CInt) throws(Failure) {
        var bytes = Array(contents.revealed.utf8)
        defer { bytes.wipe() }
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                pwrite(descriptor, bytes.baseAddress?.advanced(by: offset), bytes.count - offset, off_t(offset))
            }
            guard count > 0 else { throw Failure(errno: errno) }
            offset += count
        }
    }

    /// What it holds; nil if it cannot be read, or is too long to have been made here.
    static func read(_ descriptor: CInt) -> Secret? {
        let size = Int(lseek(descriptor, 0, SEEK_END))
        guard (0...limit).contains(size) else { return nil }
        var bytes = [UInt8](repeating: 0, count: size)
        defer { bytes.wipe() }
        guard pread(descriptor, &bytes, bytes.count, 0) == bytes.count else { return nil }
        return Secret(String(decoding: bytes, as: UTF8.self))
    }
}
