package import CLinux
import Glibc

/// How a program is started (posix_spawn(3)): it inherits the standard descriptors that it is given and no other, and signals as any new process has them.
package struct Spawn {
    /// A path, or a name to be found in `PATH`.
    private let program: String
    private let arguments: [String]
    /// Each as `NAME=value`.
    private let environment: [String]

    package var input = STDIN_FILENO
    /// Nil is the null device.
    package var output: CInt? = STDOUT_FILENO
    package var error: CInt? = STDERR_FILENO
    /// Whether Ctrl-C on our terminal leaves it alone.
    package var hasOwnGroup = false

    package init(_ program: String, _ arguments: [String] = [], environment: [String]) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
    }

    package struct Failure: Error {
        package let errno: CInt
    }

    /// - Returns: the process's number. It is the caller's to wait for.
    package func start() throws(Failure) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        for (given, standard) in [(output, STDOUT_FILENO), (error, STDERR_FILENO)] {
            if let given {
                posix_spawn_file_actions_adddup2(&actions, given, standard)
            } else {
                posix_spawn_file_actions_addopen(&actions, standard, "/dev/null", O_WRONLY, 0)
            }
        }
        posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (hasOwnGroup ? POSIX_SPAWN_SETPGROUP : 0)
        posix_spawnattr_setflags(&attributes, Int16(truncatingIfNeeded: flags))

        var argv = ([program] + arguments).map { strdup($0) } + [nil]
        var envp = environment.map { strdup($0) } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, program, &actions, &attributes, &argv, &envp)
        guard code == 0 else { throw Failure(errno: code) }
        return pid
    }
}
