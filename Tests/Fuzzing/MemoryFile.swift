import Agent
import CLinux
import Glibc

/// Bytes behind a descriptor, and a path, that lie in memory: for readers of files and sockets.
struct MemoryFile {
    let descriptor: CInt

    init(_ bytes: [UInt8]) {
        descriptor = memfd_create("fuzz", UInt32(MFD_CLOEXEC))
        // For the user alone, as the files must be that are read.
        let isMade = descriptor >= 0 && fchmod(descriptor, 0o600) == 0
        precondition(isMade && pwrite(descriptor, bytes, bytes.count, 0) == bytes.count, "no memory for a file")
    }

    var path: String { "/proc/self/fd/\(descriptor)" }

    static func with<Result>(_ bytes: [UInt8], _ body: (MemoryFile) -> Result) -> Result {
        let file = MemoryFile(bytes)
        defer { close(file.descriptor) }
        return body(file)
    }
}
