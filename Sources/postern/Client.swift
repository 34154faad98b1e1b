import FoundationEssentials
import Glibc
import PosternProtocol

/// A connection to the agent: one request line out, one answer line in, one after the other.
///
/// Codes and client secrets go to whoever listens, and the tokens that come back are believed; so nothing is sent
/// before both the socket file and the process behind it are known to be this user's.
final class Client {
    private let socket: CInt
    private let interrupts: Interrupts?
    private var answers: LineReader

    /// A longer answer is no agent's, bytes: the status of twenty thousand profiles is shorter.
    private static let answerLimit = 16 << 20

    /// Connects.
    ///
    /// - Parameter interrupts: signals that end the wait for an answer with ``Interruption``; without them the system's
    ///   default ends the process.
    init(path: String, interrupts: Interrupts? = nil) throws(Failure) {
        var address = try Self.address(path)
        try Self.checkOwner(path)
        let socket = Glibc.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw .system("No socket could be opened", .last) }
        // A stopped agent accepts and reads nothing: both connect(2) and send(2) are bounded by this (socket(7)).
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        do throws(Failure) {
            try Self.connect(socket, to: &address, path)
            try Self.checkPeer(socket, path)
        } catch {
            close(socket)
            throw error
        }
        self.socket = socket
        self.interrupts = interrupts
        answers = LineReader(descriptor: socket, limit: Self.answerLimit)
    }

    deinit {
        close(socket)
    }

    /// What the agent answered, read and as it wrote it.
    struct Answer<Value: Sendable>: Sendable {
        let value: Value
        fileprivate let line: [UInt8]

        /// The RPC result's own text.
        var json: String { RawJSON.member("result", of: line) ?? "null" }

        /// The same answer, of which a part or another reading is of interest.
        func with<Part: Sendable>(_ part: Part) -> Answer<Part> {
            Answer<Part>(value: part, line: line)
        }
    }

    /// Asks and waits for the answer.
    ///
    /// - Throws: ``Failure`` for the agent's errors and for a connection that broke, ``Interruption`` for a signal.
    func call<R: Request>(_ request: R) throws -> Answer<R.Response> {
        try call(request, as: R.Response.self)
    }

    /// Asks and reads the answer as another type: as a `JSONValue` if it is only passed on, so that an answer newer
    /// than this command does not matter.
    func call<R: Request, Value: Decodable & Sendable>(_ request: R, as: Value.Type) throws -> Answer<Value> {
        try send(Array(JSONEncoder().encode(RequestEnvelope(id: 1, params: request))))
        let line = try nextAnswer()
        return Answer(value: try Self.read(line, of: R.self, as: Value.self), line: line)
    }

    /// Sends a request as it is written here, and returns the answer as the agent has written it.
    func exchange(_ request: String) throws -> [UInt8] {
        try send(Array(request.utf8))
        return try nextAnswer()
    }

    /// Reads the answer to a request as this type.
    static func read<R: Request, Value: Decodable & Sendable>(
        _ line: [UInt8], of: R.Type, as: Value.Type
    ) throws(Failure) -> Value {
        let envelope: ResponseEnvelope<Value>
        do {
            // Decoders call themselves for each level that a text is nested: one of thousands would overflow the stack.
            _ = try StrictJSON.outline(of: line[...])
            envelope = try JSONDecoder().decode(ResponseEnvelope<Value>.self, from: Data(line))
        } catch {
            throw Failure(
                "The agent's answer to \(R.method) is not understood.",
                advice: "Are postern and posternd of the same version? (postern status)", status: ExitStatus.software)
        }
        switch envelope.outcome {
        case .success(let value): return value
        case .failure(let error): throw Failure(error, json: RawJSON.member("error", of: line))
        }
    }

    /// What the agent tells by itself, after `events.subscribe`.
    struct Notification {
        /// Nil if it is of a kind that is newer than this command.
        let event: Event?
        /// Its params as the agent wrote them.
        let json: String
    }

    /// Waits for the agent to tell of something.
    func nextNotification() throws -> Notification {
        let line = try nextAnswer()
        // What does not decode is passed on in the agent's own words.
        guard let json = RawJSON.member("params", of: line) else { return Notification(event: nil, json: "null") }
        let notification = try? JSONDecoder().decode(EventNotification.self, from: Data(line))
        return Notification(event: notification?.params, json: json)
    }

    /// Waits until a time, for ever if it is nil; nil if nothing was told until then.
    func nextNotification(until end: ContinuousClock.Instant?) throws -> Notification? {
        if let end, try !answers.hasMore(until: end, interrupts) { return nil }
        return try nextNotification()
    }

    private func send(_ request: [UInt8]) throws(Failure) {
        var rest = (request + [UInt8(ascii: "\n")])[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EPIPE || errno == ECONNRESET {
                // An agent that closes at once, being too busy, has said so before: the answer is there to be read.
                return
            } else if errno != EINTR {
                throw Failure.connectionLost
            }
        }
    }

    private func nextAnswer() throws -> [UInt8] {
        let line: [UInt8]?
        do {
            // The agent has dealt with the request when its answer begins.
            if !HiddenMemory.isHidden {
                try answers.waitUntilReadable(interrupts)
                try HiddenMemory.hide()
            }
            line = try answers.next(interrupts)
        } catch is SystemError {
            throw Failure.connectionLost
        } catch is LineReader.LineTooLong {
            throw Failure(
                "The agent's answer is longer than \(Self.answerLimit >> 20) MiB.", status: ExitStatus.software)
        }
        guard let line else { throw Failure.connectionLost }
        return line
    }
}

extension Client {
    private static func address(_ path: String) throws(Failure) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // One byte of sun_path is kept for the final NUL (unix(7)).
        let capacity = MemoryLayout.size(ofValue: address.sun_path) - 1
        guard path.utf8.count <= capacity else {
            throw Failure(
                "The socket's path is longer than the \(capacity) bytes that the system allows: \(path)",
                status: ExitStatus.unavailable)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return address
    }

    private static func checkOwner(_ path: String) throws(Failure) {
        var file = stat()
        guard stat(path, &file) == 0 else {
            throw errno == ENOENT ? .notRunning(path) : .system("\(path) cannot be looked at", .last)
        }
        guard file.st_uid == getuid() else { throw .notOurs(path, uid: file.st_uid) }
    }

    private static func connect(_ socket: CInt, to address: inout sockaddr_un, _ path: String) throws(Failure) {
        var result: CInt
        repeat {
            result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        } while result != 0 && errno == EINTR
        guard result == 0 else {
            throw [ECONNREFUSED, ENOENT].contains(errno) ? .notRunning(path) : .system("\(path) cannot be used", .last)
        }
    }

    private static func checkPeer(_ socket: CInt, _ path: String) throws(Failure) {
        var peer = PeerCredentials()
        var size = socklen_t(MemoryLayout<PeerCredentials>.size)
        guard getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 else {
            throw .system("Who listens on \(path) cannot be told", .last)
        }
        guard peer.uid == getuid() else { throw .notOurs(path, uid: peer.uid) }
    }

    /// `struct ucred` of unix(7), which Swift's Glibc module leaves out because it is declared under `_GNU_SOURCE`
    /// alone.
    private struct PeerCredentials {
        var pid: pid_t = 0
        var uid: uid_t = 0
        var gid: gid_t = 0
    }
}

extension Failure {
    private static let howToStart = """
        Start it: systemctl --user start posternd.socket (or run posternd by hand). If it crashed too often, first: \
        systemctl --user reset-failed 'posternd.*'
        """

    static let noSocketPath = Failure(
        "There is no XDG_RUNTIME_DIR in the environment, so where the agent listens is not known.",
        advice: "Log in through a session (pam_systemd sets it), or name the socket with --socket or POSTERN_SOCKET.",
        status: ExitStatus.unavailable)

    fileprivate static func notRunning(_ path: String) -> Failure {
        Failure(
            "The agent is not running: nothing listens on \(path).", advice: howToStart, status: ExitStatus.unavailable)
    }

    fileprivate static func notOurs(_ path: String, uid: uid_t) -> Failure {
        Failure(
            "\(path) belongs to another user (uid \(uid)), so nothing was sent to it.",
            advice: howToStart, status: ExitStatus.unavailable)
    }

    static let connectionLost = Failure(
        "The agent closed the connection without an answer.", advice: "Its log: journalctl --user -u posternd",
        status: ExitStatus.unavailable)

    fileprivate static func system(_ what: String, _ error: SystemError) -> Failure {
        Failure("\(what): \(error.words).", advice: howToStart, status: ExitStatus.unavailable)
    }
}
