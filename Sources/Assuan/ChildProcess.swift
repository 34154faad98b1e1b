import CLinux
import Glibc
import Spawn

/// A program that was started to be talked with through its stdin and stdout.
struct ChildProcess: ~Copyable {
    /// Where its stdin is written, and its stdout read. Neither blocks.
    let input: CInt
    let output: CInt
    private let pid: pid_t
    private let hasOwnGroup: Bool

    /// What the environment of a child must not have: it is for Postern's own programs.
    private static let ownVariables = "POSTERN_"

    /// Starts a program of `PATH`, or of a path.
    ///
    /// - Parameter sharesTerminal: it may draw on our terminal, so it must be of our process group. Else it has one of its own, so that a script that
    ///   only starts the real program is ended with it.
    init(_ program: String, sharesTerminal: Bool) throws(PinentryError) {
        let toChild = try Self.pipe()
        let fromChild: (read: CInt, write: CInt)
        do throws(PinentryError) {
            fromChild = try Self.pipe()
        } catch {
            [toChild.read, toChild.write].forEach { _ = close($0) }
            throw error
        }
        defer { [toChild.read, fromChild.write].forEach { _ = close($0) } }
        var child = Spawn(program, environment: Self.environment())
        child.input = toChild.read
        child.output = fromChild.write
        child.hasOwnGroup = !sharesTerminal
        do throws(Spawn.Failure) {
            pid = try child.start()
        } catch {
            [toChild.write, fromChild.read].forEach { _ = close($0) }
            throw .unstartable(program, Self.words(error.errno))
        }
        hasOwnGroup = !sharesTerminal
        input = toChild.write
        output = fromChild.read
        for descriptor in [input, output] { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
    }

    deinit {
        close(input)
        close(output)
    }

    /// Ends the program, in two seconds at most.
    ///
    /// - Parameter isAskedAlready: it has been told to end, which it has a second for before a signal.
    borrowing func end(isAskedAlready: Bool) {
        if isAskedAlready {
            // All of them read until the end of input; some know no other end.
            endInput()
            if hasEnded() { return }
        }
        signal(SIGTERM)
        // Of a stopped one SIGTERM is only noted.
        signal(SIGCONT)
        if hasEnded() { return }
        signal(SIGKILL)
        while waitpid(pid, nil, 0) < 0, errno == EINTR {}
    }

    /// The descriptor itself is closed in `deinit`; the null device in its place ends the pipe.
    private borrowing func endInput() {
        let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
        guard null >= 0 else { return }
        _ = dup2(null, input)
        close(null)
        _ = fcntl(input, F_SETFD, FD_CLOEXEC)
    }

    private borrowing func signal(_ number: CInt) {
        // The leader is not reaped yet, so its number is nobody else's.
        _ = kill(hasOwnGroup ? -pid : pid, number)
    }

    /// Waits a second at most, and reaps it. Not every kernel that is supported has a descriptor to wait with, and nearly all programs end at once.
    private borrowing func hasEnded() -> Bool {
        let limit = ContinuousClock.now + .seconds(1)
        while true {
            var info = siginfo_t()
            if waitid(P_PID, id_t(truncatingIfNeeded: pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0,
                info.si_signo == SIGCHLD
            {
                // What it has left of its group, before the number may be somebody else's.
                if hasOwnGroup { _ = kill(-pid, SIGTERM) }
                waitpid(pid, nil, 0)
                return true
            }
            guard ContinuousClock.now < limit else { return false }
            _ = poll(nil, 0, 5)
        }
    }

    private static func pipe() throws(PinentryError) -> (read: CInt, write: CInt) {
        var ends: [CInt] = [-1, -1]
        guard pipe2(&ends, O_CLOEXEC) == 0 else { throw .broken("no pipe could be made (\(words(errno)))") }
        return (ends[0], ends[1])
    }

    private static func environment() -> [String] {
        var variables: [String] = []
        var next = environ
        while let variable = next.pointee {
            let text = String(cString: variable)
            if !text.hasPrefix(ownVariables) { variables.append(text) }
            next += 1
        }
        return variables
    }

    private static func words(_ code: CInt) -> String { String(cString: strerror(code)) }
}
