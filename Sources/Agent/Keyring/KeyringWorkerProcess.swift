import FoundationEssentials
import Glibc
import KeyringProtocol
import OutsideInput
import Spawn

/// One running keyring worker and our end of the socketpair to it. Its calls block; letting go of it kills the worker.
final class KeyringWorkerProcess {
    /// Why a worker gave no answer. After any of these it is of no more use.
    enum Failure: Error, Equatable {
        /// It could not be started.
        case notStarted(errno: Int32)
        /// The deadline passed before the whole answer was there.
        case timedOut
        /// It ended, or closed its end.
        case ended
        /// What it wrote is not a reply.
        case unreadable
    }

    /// The longest reply, bytes: in JSON a character of a secret may take six.
    private static let replyLimit = 6 * KeyringItem.secretLimit + 4096

    let processID: pid_t
    private let socket: Int32
    private var received: [UInt8] = []

    /// Starts `executable` as a worker. It inherits standard error and the socket, as its standard input, and nothing
    /// else; it is in a process group of its own, so that a Ctrl-C for the daemon leaves it alone while the daemon
    /// saves what it has.
    init(executable: String, arguments: [String], environment: [String: String]) throws(Failure) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw .notStarted(errno: errno) }
        defer { close(ends[1]) }
        do throws(Spawn.Failure) {
            var worker = Spawn(executable, arguments, environment: environment.map { "\($0.key)=\($0.value)" })
            worker.input = ends[1]
            worker.output = nil
            worker.hasOwnGroup = true
            processID = try worker.start()
            socket = ends[0]
        } catch {
            close(ends[0])
            throw .notStarted(errno: error.errno)
        }
    }

    deinit {
        close(socket)
        kill(processID, SIGKILL)
        while waitpid(processID, nil, 0) < 0 && errno == EINTR {}
    }

    /// Sends the request and waits for its answer, at most until `deadline`.
    func ask(_ request: KeyringRequest, before deadline: ContinuousClock.Instant) throws(Failure) -> KeyringReply {
        // Encoding cannot fail: a request is made of strings.
        guard let encoded = try? JSONEncoder().encode(request) else { throw .unreadable }
        var line = [UInt8](encoded)
        defer { line.wipe() }
        line.append(UInt8(ascii: "\n"))
        try send(line, before: deadline)

        var answer = try receiveLine(before: deadline)
        defer { answer.wipe() }
        do {
            return try JSONDecoder().decode(KeyringReply.self, from: Data(answer))
        } catch {
            throw .unreadable
        }
    }

    private func send(_ bytes: [UInt8], before deadline: ContinuousClock.Instant) throws(Failure) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
                return Glibc.send(socket, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if count > 0 {
                sent += count
            } else {
                try waitAfterError(for: Int16(POLLOUT), before: deadline)
            }
        }
    }

    private func receiveLine(before deadline: ContinuousClock.Instant) throws(Failure) -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        defer { chunk.wipe() }
        while received.last != UInt8(ascii: "\n") {
            let count = recv(socket, &chunk, chunk.count, Int32(MSG_DONTWAIT))
            if count > 0 {
                received.append(contentsOf: chunk.prefix(count))
                guard received.count <= Self.replyLimit else { throw .unreadable }
            } else if count == 0 {
                throw .ended
            } else {
                try waitAfterError(for: Int16(POLLIN), before: deadline)
            }
        }
        defer { received.wipe(); received = [] }
        return received.dropLast()
    }

    /// After a call that returned -1: returns when the socket is ready for another attempt, or throws.
    private func waitAfterError(for event: Int16, before deadline: ContinuousClock.Instant) throws(Failure) {
        guard errno == EAGAIN || errno == EINTR else { throw .ended }
        let rest = ContinuousClock.now.duration(to: deadline)
        guard rest > .zero else { throw .timedOut }
        var awaited = pollfd(fd: socket, events: event, revents: 0)
        poll(&awaited, 1, Int32(clamping: (Bounded.whole(rest / .milliseconds(1), in: 0...1_000_000) ?? 0) + 1))
    }
}
