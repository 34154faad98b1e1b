import CLinux
import Foundation
import Glibc

/// The two ends of a stream between a test and a program; both are closed in whatever is started next.
struct Pipe {
    var reading: Int32
    var writing: Int32

    static func open() throws -> Pipe {
        var ends: [Int32] = [-1, -1]
        guard pipe2(&ends, O_CLOEXEC) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EMFILE) }
        return Pipe(reading: ends[0], writing: ends[1])
    }
}
