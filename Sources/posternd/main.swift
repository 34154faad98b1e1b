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

    """

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

let environment = ProcessInfo.processInfo.environment
let log = Logger(label: "posternd") { _ in StandardErrorLogHandler(environment: environment) }
guard Daemon.harden() else {
    log.error("The agent's memory cannot be hidden from other processes: \(String(cString: strerror(errno))).")
    exit(ExitStatus.software)
}
do {
    try await Daemon.run(environment: environment, log: log)
} catch ListeningSocket.Failure.alreadyRunning(let reason) {
    log.error("The agent runs already: \(reason).")
    exit(ExitStatus.tryAgain)
} catch ListeningSocket.Failure.unusable(let reason) {
    log.error("The agent cannot listen: \(reason).")
    exit(ExitStatus.software)
} catch {
    log.error("The agent ended: \(error)")
    exit(ExitStatus.software)
}
