import FoundationEssentials
import Glibc

/// The system did not give a test what it needs.
struct CannotProvide: Error {
    var what: String
    var code = errno
}

/// A running `postern`.
final class Child {
    let pid: pid_t
    /// Our ends of its stdin, stdout and stderr; -1 where it has none of its own. With a terminal stdin and stderr are
    /// the terminal.
    let input: CInt
    let output: CInt
    let words: CInt
    let terminal: PseudoTerminal?
    private var ended: CInt?

    /// - Parameter isAttached: stdin is a pipe or terminal of ours, not the null device.
    init(
        _ arguments: [String], environment: [String: String], terminal: PseudoTerminal?, output: Session.Output,
        isAttached: Bool = true
    ) throws {
        self.terminal = terminal
        let output = try Endpoint(output)
        let input =
            try terminal.map { Endpoint(ours: $0.primary, theirs: $0.secondary) }
            ?? (isAttached ? Endpoint(.read) : Endpoint(ours: -1, theirs: open("/dev/null", O_RDONLY | O_CLOEXEC)))
        let words = try terminal.map { Endpoint(ours: $0.primary, theirs: $0.secondary) } ?? Endpoint(.read)
        defer {
            if terminal == nil { [input.theirs, words.theirs].forEach { _ = close($0) } }
            close(output.theirs)
        }
        self.input = input.ours
        self.words = words.ours
        self.output = output.ours

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (descriptor, theirs) in [input.theirs, output.theirs, words.theirs].enumerated() where theirs >= 0 {
            posix_spawn_file_actions_adddup2(&actions, theirs, CInt(descriptor))
        }
        if output.theirs < 0 { posix_spawn_file_actions_addclose(&actions, STDOUT_FILENO) }

        let path = try Self.path()
        var argv = ([path] + arguments).map { strdup($0) } + [nil]
        var envp = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        var pid: pid_t = 0
        guard posix_spawn(&pid, path, &actions, nil, &argv, &envp) == 0 else { throw CannotProvide(what: path) }
        self.pid = pid
    }

    /// The exit status once it has ended; 1000 and more for a signal.
    func status() -> CInt? {
        if let ended { return ended }
        var status: CInt = 0
        guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
        let signal = status & 0x7F
        ended = signal == 0 ? (status >> 8) & 0xFF : 1000 + signal
        return ended
    }

    func end() {
        if status() == nil {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
        }
        Set(terminal == nil ? [input, words, output] : [output]).filter { $0 >= 0 }.forEach { _ = close($0) }
    }

    /// The program stands beside the tests' own.
    private static func path() throws -> String {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &buffer, buffer.count)
        var directory = String(decoding: buffer.prefix(max(length, 0)), as: UTF8.self)
        while let slash = directory.lastIndex(of: "/") {
            directory = String(directory[..<slash])
            if access(directory + "/postern", X_OK) == 0 { return directory + "/postern" }
        }
        throw CannotProvide(what: "the path of postern")
    }
}

/// Two ends of one stream. Socket pairs, since their descriptors are never inherited by accident.
private struct Endpoint {
    var ours: CInt
    var theirs: CInt

    init(ours: CInt, theirs: CInt) {
        self.ours = ours
        self.theirs = theirs
    }

    init(_ output: Session.Output) throws {
        switch output {
        case .closed: self.init(ours: -1, theirs: -1)
        case .file(let path): self.init(ours: -1, theirs: open(path, O_WRONLY | O_CLOEXEC))
        case .read, .closedReader:
            var pair: [CInt] = [-1, -1]
            guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) == 0 else {
                throw CannotProvide(what: "a pair of sockets")
            }
            self.init(ours: pair[0], theirs: pair[1])
            if case .closedReader = output {
                close(ours)
                ours = -1
            }
        }
    }
}

/// A terminal that nobody sits at. It controls no session, so a Ctrl-C is sent as the signal that it would be turned
/// into.
final class PseudoTerminal {
    let primary: CInt
    let secondary: CInt

    init(columns: Int?) throws {
        var primary: CInt = -1
        var secondary: CInt = -1
        var size = winsize()
        size.ws_col = UInt16(columns ?? 0)
        guard openpty(&primary, &secondary, nil, nil, &size) == 0 else {
            throw CannotProvide(what: "a pseudo-terminal")
        }
        for descriptor in [primary, secondary] {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
        self.primary = primary
        self.secondary = secondary
    }

    deinit {
        close(primary)
        close(secondary)
    }

    var echoes: Bool {
        var settings = termios()
        tcgetattr(secondary, &settings)
        return settings.c_lflag & tcflag_t(ECHO) != 0
    }
}

/// A directory that goes with its owner, and with it the files that are named here.
final class TemporaryDirectory {
    let path: String
    private let files: [String]

    init(files: [String] = ["agent.sock"]) throws {
        self.files = files
        var template = Array("/tmp/postern-cli-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CannotProvide(what: "a directory") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        files.forEach { unlink(path + "/" + $0) }
        for directory in ["declined", "postern/declined", "postern"] { empty(path + "/" + directory) }
        empty(path)
    }

    private func empty(_ directory: String) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [] {
            unlink(directory + "/" + name)
        }
        rmdir(directory)
    }
}

/// A Unix socket that somebody listens on.
final class ListeningSocket {
    let path: String
    let descriptor: CInt

    init(path: String) throws {
        self.path = path
        descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0, listen(descriptor, 8) == 0 else { throw CannotProvide(what: path) }
    }

    deinit {
        close(descriptor)
    }
}
