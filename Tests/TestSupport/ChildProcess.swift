import CLinux
import Foundation
import Glibc
import Synchronization

/// A program that a test runs: what it prints is kept in memory, and its lines and its end can be awaited.
///
/// Whoever starts one ends it; ``withChildProcess(_:_:environment:isOnTerminal:_:)`` does so on every way out.
package final class ChildProcess: Sendable {
    /// One of the two streams a program writes.
    package enum Stream: Sendable {
        case output, error
    }

    /// How a program ended.
    package enum Exit: Equatable, Sendable {
        case status(Int32)
        case signal(Int32)
        /// By this signal, and it left a core dump.
        case dump(Int32)
    }

    /// Everything a finished program left.
    package struct Result: Equatable, Sendable {
        package var exit: Exit
        package var output: String
        package var error: String
    }

    package struct StartFailure: Error {
        package var executable: String
        package var errno: Int32
    }

    /// The program closed the stream without having printed what was awaited.
    package struct NothingSuch: Error {
        package var output: String
        package var error: String
    }

    package let processID: Int32
    private let state: Mutex<State>

    private struct State {
        var input: Int32
        var output = OutputText()
        var error = OutputText()
        var exit: Exit?
        var exitWaiters: [CheckedContinuation<Exit, Never>] = []

        subscript(stream: Stream) -> OutputText {
            get { stream == .output ? output : error }
            set { if stream == .output { output = newValue } else { error = newValue } }
        }
    }

    /// Starts the program. It gets exactly this environment, and no descriptors but the three standard ones and those that are named.
    ///
    /// - Parameters:
    ///   - standardInput: what it gets as standard input instead of a pipe that ``write(_:)`` writes to; stays the
    ///     caller's.
    ///   - isOnTerminal: it gets a terminal instead of pipes as standard input and standard error, and sessions and
    ///     signals are as for a person's shell: ``write(_:)`` types, what the terminal shows is the text of standard error.
    ///   - descriptors: what it gets besides, from number 3 on; they stay the caller's.
    package init(
        _ executable: String, _ arguments: [String] = [], environment: [String: String], standardInput: Int32? = nil,
        isOnTerminal: Bool = false, descriptors: [Int32] = []
    ) throws {
        let terminal = isOnTerminal ? try PseudoTerminal() : nil
        let input = try terminal?.keyboard() ?? Pipe.open()
        let output = try Pipe.open()
        let error = try terminal?.screen() ?? Pipe.open()

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // The first terminal that the leader of a session opens is the one whose Ctrl-C it gets (tty_ioctl(4)).
        if let terminal { posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, terminal.path, O_RDWR, 0) }
        posix_spawn_file_actions_adddup2(&actions, standardInput ?? input.reading, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output.writing, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, error.writing, STDERR_FILENO)
        let end = STDERR_FILENO + 1 + Int32(descriptors.count)
        // Copies above all targets, so that none is overwritten before its turn.
        let copies = descriptors.map { fcntl($0, F_DUPFD_CLOEXEC, end) }
        defer { copies.forEach { close($0) } }
        for (index, copy) in copies.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, copy, STDERR_FILENO + 1 + Int32(index))
        }
        posix_spawn_file_actions_addclosefrom_np(&actions, end)

        // A thread that starts a program may have signals blocked, which dbus-daemon for one would then never see.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        let session = terminal == nil ? 0 : PseudoTerminal.newSession
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | session))

        var argumentStrings = ([executable] + arguments).map { strdup($0) } + [nil]
        var environmentStrings = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (argumentStrings + environmentStrings).forEach { free($0) } }
        var processID: pid_t = 0
        let failure = posix_spawnp(&processID, executable, &actions, &attributes, &argumentStrings, &environmentStrings)
        for descriptor in [input.reading, output.writing, error.writing] { close(descriptor) }
        guard failure == 0 else {
            for descriptor in [input.writing, output.reading, error.reading] { close(descriptor) }
            throw StartFailure(executable: executable, errno: failure)
        }
        self.processID = processID
        state = Mutex(State(input: input.writing))

        Thread.detachNewThread { self.read(output.reading, as: .output) }
        Thread.detachNewThread { self.read(error.reading, as: .error) }
        Thread.detachNewThread { self.awaitExit() }
    }

    /// Runs the program to its end, with `input` as its standard input.
    package static func run(
        _ executable: String, _ arguments: [String] = [], environment: [String: String], input: String = ""
    ) async throws -> Result {
        let child = try ChildProcess(executable, arguments, environment: environment)
        try child.write(input)
        child.closeInput()
        return await child.result()
    }
}

// MARK: - Talking to it

extension ChildProcess {
    /// What it has printed so far.
    package func text(of stream: Stream = .output) -> String {
        state.withLock { $0[stream].text }
    }

    /// Waits until it prints a line for which `matches` holds; lines up to the one found are not looked at again.
    @discardableResult
    package func line(of stream: Stream = .output, where matches: @escaping @Sendable (String) -> Bool) async throws
        -> String
    {
        try await find(.line(matches), in: stream)
    }

    /// Waits until it prints `text`, in the middle of a line too, and returns all that led there since what was last
    /// waited for.
    @discardableResult
    package func text(upTo text: String, in stream: Stream = .output) async throws -> String {
        try await find(.text(text), in: stream)
    }

    private func find(_ wanted: OutputText.Wanted, in stream: Stream) async throws -> String {
        let id = UUID()
        let found = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let resumptions = state.withLock { state in
                    state[stream].await(wanted, id: id, continuation)
                }
                resumptions.forEach { $0() }
            }
        } onCancel: {
            let resumptions = state.withLock { $0[stream].cancel(id) }
            resumptions.forEach { $0() }
        }
        try Task.checkCancellation()
        guard let found else { throw NothingSuch(output: text(of: .output), error: text(of: .error)) }
        return found
    }

    /// Writes to its standard input; blocks while the pipe is full.
    package func write(_ text: String) throws {
        let input = state.withLock { $0.input }
        try FileHandle(fileDescriptor: input, closeOnDealloc: false).write(contentsOf: Data(text.utf8))
    }

    /// Lets it read end-of-file.
    package func closeInput() {
        state.withLock { state in
            if state.input >= 0 { close(state.input) }
            state.input = -1
        }
    }

    /// Sends it a signal, unless it has ended.
    package func send(_ signal: Int32) {
        // The lock keeps the process unreaped meanwhile, so its number cannot have passed to another one.
        state.withLock { state in
            if state.exit == nil { kill(processID, signal) }
        }
    }

    /// Waits until it ends; when the waiting task is cancelled, it is killed.
    @discardableResult
    package func exit() async -> Exit {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let exit = state.withLock { state in
                    if state.exit == nil { state.exitWaiters.append(continuation) }
                    return state.exit
                }
                if let exit { continuation.resume(returning: exit) }
            }
        } onCancel: {
            send(SIGKILL)
        }
    }

    /// Waits until it has ended and everything it printed is here.
    package func result() async -> Result {
        let exit = await exit()
        // A line that never matches is awaited until end-of-file, which is the point.
        _ = try? await line(of: .output) { _ in false }
        _ = try? await line(of: .error) { _ in false }
        return Result(exit: exit, output: text(of: .output), error: text(of: .error))
    }

    /// Kills it and waits until it is gone.
    package func end() async {
        closeInput()
        // A stopped process ends by SIGKILL too.
        send(SIGKILL)
        await exit()
    }
}

// MARK: - Its threads

extension ChildProcess {
    private func read(_ descriptor: Int32, as stream: Stream) {
        defer { close(descriptor) }
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            let resumptions = state.withLock { state in
                count > 0 ? state[stream].append(chunk.prefix(count)) : state[stream].finish()
            }
            resumptions.forEach { $0() }
            if count <= 0 { return }
        }
    }

    private func awaitExit() {
        var info = siginfo_t()
        while waitid(P_PID, id_t(processID), &info, WEXITED | WNOWAIT) < 0 && errno == EINTR {}
        let (exit, waiters) = state.withLock { state in
            var status: Int32 = 0
            waitpid(processID, &status, 0)
            // wait(2): the low seven bits are the signal, the eighth tells of a core dump, the next byte is the status.
            let signal = status & 0x7f
            let exit: Exit =
                signal == 0 ? .status((status >> 8) & 0xff) : status & 0x80 == 0 ? .signal(signal) : .dump(signal)
            state.exit = exit
            defer { state.exitWaiters = [] }
            return (exit, state.exitWaiters)
        }
        waiters.forEach { $0.resume(returning: exit) }
    }
}

/// Starts a program for as long as `body` runs.
package func withChildProcess<Value>(
    _ executable: String, _ arguments: [String] = [], environment: [String: String], isOnTerminal: Bool = false,
    _ body: (ChildProcess) async throws -> Value
) async throws -> Value {
    let child = try ChildProcess(executable, arguments, environment: environment, isOnTerminal: isOnTerminal)
    do {
        let value = try await body(child)
        await child.end()
        return value
    } catch {
        await child.end()
        throw error
    }
}
