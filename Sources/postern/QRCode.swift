import CSignalfd
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
        let pid = spawn(arguments, pair[1])
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

    /// Starts a command of `PATH` that talks through the socket, and that Ctrl-C ends though it is blocked here.
    private static func spawn(_ arguments: [String], _ socket: CInt) -> pid_t? {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, socket, STDOUT_FILENO)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

        var argv = arguments.map { strdup($0) } + [nil]
        defer { argv.forEach { free($0) } }
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        var pid: pid_t = 0
        return posix_spawnp(&pid, arguments[0], &actions, &attributes, &argv, &environment) == 0 ? pid : nil
    }
}
