import Glibc
import Keyring

if CommandLine.arguments.dropFirst() == ["keyring-worker"] {
    KeyringWorker.run(socket: STDIN_FILENO)
}

let usage = "usage: posternd keyring-worker\n"
_ = write(STDERR_FILENO, usage, usage.utf8.count)
exit(64)
