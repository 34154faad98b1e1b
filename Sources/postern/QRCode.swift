import Spawn
import Glibc

/// A QR code as lines of block characters, white on black, drawn by qrencode(1).
struct QRCode: Equatable {
    let lines: [String]

    /// What a code can hold at most: version 40 with the error correction level L (ISO/IEC 18004, table 7). It also is
    /// less than the socket to qrencode buffers, so that writing all before reading cannot get stuck.
    private static let capacity = 2953

    /// Nil if qrencode is not in `PATH`, or fails.
    ///
    /// - Parameter text: it holds the key of a factor, so it goes through stdin: arguments can be read by every local
    ///   user.
    init?(_ text: String) {
        guard text.utf8.count <= Self.capacity, let output = Self.output(of: ["qrencode", "-t", "UTF8"], text) else {
            return nil
        }
        lines = output.split(separator: "\n").map(String.init)
        if lines.isEmpty { return nil }
    }

    var width: Int { lines.map(\.count).max() ?? 0 }

    /// What a command prints that is given the text on stdin; nil if it cannot be run or fails.
    private static func output(of arguments: [String], _ text: String) -> String? {
        var pair: [CInt] = [-1, -1]
        guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) == 0 else { return nil }
        defer { close(pair[0]) }
        // Of our process group, so that Ctrl-C ends it though it is blocked here.
        var command = Spawn(arguments[0], Array(arguments.dropFirst()), environment: [])
        (command.input, command.output, command.error) = (pair[1], pair[1], nil)
        let pid = try? command.start()
        close(pair[1])
        guard let pid else { return nil }

        let bytes = Array(text.utf8)
        // One that takes nothing in shows in what it prints and how it ends.
        _ = send(pair[0], bytes, bytes.count, CInt(MSG_NOSIGNAL))
        shutdown(pair[0], CInt(SHUT_WR))
        var reader = LineReader(descriptor: pair[0], limit: 1 << 20)
        let output = try? reader.rest(limit: 1 << 20)

        var status: CInt = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        guard status == 0, let output else { return nil }
        return String(decoding: output, as: UTF8.self)
    }
}
