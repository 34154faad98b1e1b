import Agent
import FoundationEssentials
import Glibc
import Keyring
import Logging
import PosternProtocol

let usage = """
    usage: posternd

    The Postern agent: serves access tokens on a Unix socket. It is configured by ~/.config/postern/postern.conf, not by arguments, and is
    normally started by systemd at the first connection (systemctl --user enable --now posternd.socket).

      --help     show this text
      --version  show the version

    POSTERN_LOG_LEVEL in its environment says how much it logs: trace, debug, info (the default), notice, warning, error or critical.

    """

// What is opened next would have their numbers otherwise, and be written to as the log.
for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
    guard open("/dev/null", O_RDWR) == descriptor else { exit(ExitStatus.software) }
}

switch Array(CommandLine.arguments.dropFirst()) {
case []:
    break
case ["keyring-worker"]:
    KeyringWorker.run(socket: STDIN_FILENO)
case ["--help"]:
    print(usage, terminator: "")
    exit(EXIT_SUCCESS)
case ["--version"]:
    print("posternd \(Release.version)")
    exit(EXIT_SUCCESS)
default:
    _ = write(STDERR_FILENO, usage, usage.utf8.count)
    exit(ExitStatus.usage)
}

/// What logs, as the environment has it.
func makeLog(_ environment: [String: String]) -> Logger {
    var log = Logger(label: "posternd") { _ in StandardErrorLogHandler(environment: environment) }
    guard let name = environment["POSTERN_LOG_LEVEL"] else { return log }
    guard let level = Logger.Level(rawValue: name) else {
        let names = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
        log.error("POSTERN_LOG_LEVEL is '\(name)': it can be one of \(names).")
        exit(ExitStatus.usage)
    }
    log.logLevel = level
    return log
}

/// Serves, and returns the exit status.
func serve(_ environment: [String: String], _ log: Logger) async -> Int32 {
    do {
        try await Daemon.run(environment: environment, log: log)
        return EXIT_SUCCESS
    } catch ListeningSocket.Failure.alreadyRunning(let reason) {
        log.error("The agent runs already: \(reason).")
        return ExitStatus.tryAgain
    } catch ListeningSocket.Failure.unusable(let reason) {
        log.error("The agent cannot listen: \(reason).")
        return ExitStatus.software
    } catch {
        log.error("The agent ended: \(error)")
        return ExitStatus.software
    }
}

let environment = ProcessInfo.processInfo.environment
let log = makeLog(environment)
guard Daemon.harden() else {
    log.error("The agent's memory cannot be hidden from other processes: \(String(cString: strerror(errno))).")
    exit(ExitStatus.software)
}
Daemon.main { [environment, log] in await serve(environment, log) }
