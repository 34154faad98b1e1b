import Glibc

/// What the kernel tells of a process in `/proc/PID/stat` (proc_pid_stat(5)), as far as it is looked at.
struct ProcessStatus: Equatable, Sendable {
    /// The process identifier of its session's leader.
    let session: pid_t
    /// The device number of its controlling terminal; 0 if it has none.
    let terminal: Int
    /// When it was started, clock ticks since the machine's start.
    let start: UInt64

    /// The longest line that is read, bytes; real ones have some 300.
    private static let limit = 4096

    /// - Returns: nil if there is no such process, or the kernel hides it (`hidepid`).
    init?(of process: pid_t) {
        guard process > 0 else { return nil }
        let descriptor = open("/proc/\(process)/stat", O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var line = [UInt8](repeating: 0, count: Self.limit)
        let count = read(descriptor, &line, line.count)
        guard count > 0, count < line.count else { return nil }
        self.init(line[..<count])
    }

    /// - Parameter line: the file's contents. The name in it is the process's own choice, blanks and parentheses included.
    init?(_ line: some BidirectionalCollection<UInt8>) {
        guard let end = line.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = line[line.index(after: end)...]
            .split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
            .map { String(decoding: $0, as: UTF8.self) }
        // Counted from the third field, the state: session is the sixth, tty_nr the seventh, starttime the twenty-second.
        guard fields.count >= 20, let session = pid_t(fields[3]), let terminal = Int(fields[4]),
            let start = UInt64(fields[19]), session >= 0
        else { return nil }
        self.session = session
        self.terminal = terminal
        self.start = start
    }
}
