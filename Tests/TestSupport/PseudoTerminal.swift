import Foundation
import Glibc

/// A terminal (pty(7)), of which a test types and watches while a program reads and writes.
final class PseudoTerminal {
    /// `POSIX_SPAWN_SETSID`, which spawn.h shows to those who define `_GNU_SOURCE` alone.
    static let newSession: Int32 = 0x80

    /// The program's side, to be opened by name.
    let path: String
    private let primary: Int32
    private let secondary: Int32

    /// 120 columns and 50 lines, so that a QR code has room.
    init() throws {
        var size = winsize(ws_row: 50, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0)
        var (primary, secondary): (Int32, Int32) = (-1, -1)
        guard openpty(&primary, &secondary, nil, nil, &size) == 0 else { throw POSIXError(.EMFILE) }
        (self.primary, self.secondary) = (primary, secondary)
        for descriptor in [primary, secondary] { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        var name = [CChar](repeating: 0, count: Int(PATH_MAX))
        guard ttyname_r(secondary, &name, name.count) == 0 else { throw POSIXError(.ENOTTY) }
        path = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        close(primary)
        close(secondary)
    }

    /// What is typed, from the test to the program.
    func keyboard() throws -> Pipe {
        try Pipe(reading: Self.copy(secondary), writing: Self.copy(primary))
    }

    /// What appears, from the program to the test; at the program's end there is no more to be read.
    func screen() throws -> Pipe {
        try Pipe(reading: Self.copy(primary), writing: Self.copy(secondary))
    }

    private static func copy(_ descriptor: Int32) throws -> Int32 {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EMFILE) }
        return copy
    }
}
