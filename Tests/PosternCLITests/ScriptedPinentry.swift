import FoundationEssentials
import Glibc

/// A program that answers as a pinentry in which a person does one thing after the other.
final class ScriptedPinentry {
    private let directory: TemporaryDirectory

    /// - Parameter answers: what comes of each question: what is typed, nothing for OK alone, `ERR …`, `WAIT` for a dialog that stays, `EXIT`.
    init(_ answers: String...) throws {
        directory = try TemporaryDirectory(files: [])
        try (answers.joined(separator: "\n") + "\n").write(
            toFile: directory.path + "/answers", atomically: false, encoding: .utf8)
        // Written by a process of its own: while another test starts a program, a file that is open here cannot be run.
        guard let writer = popen("cat > \(path) && chmod 700 \(path)", "w") else { throw CannotProvide(what: path) }
        fputs(
            """
            #!/bin/sh
            cd \(directory.path)
            { env; tr '\\0' ' ' < /proc/$$/cmdline; echo; } >> surroundings
            trap 'echo ended >> log; exit' TERM
            echo OK
            while IFS= read -r line; do
                printf '%s\\n' "$line" >> log
                case $line in
                GETPIN|CONFIRM*)
                    answer=$(head -n 1 answers)
                    sed -i 1d answers
                    case $answer in
                    ERR*) echo "$answer" ;;
                    EXIT) exit 0 ;;
                    WAIT) sleep 1000 & wait ;;
                    "") echo OK ;;
                    *) printf 'D %s\\nOK\\n' "$answer" ;;
                    esac
                    echo answered >> answered ;;
                BYE) echo OK; exit 0 ;;
                *) echo OK ;;
                esac
            done
            """, writer)
        guard pclose(writer) == 0 else { throw CannotProvide(what: path) }
    }

    /// Whether it has answered its first question.
    var hasAnswered: @Sendable () -> Bool {
        { [path = directory.path + "/answered"] in access(path, F_OK) == 0 }
    }

    static let cancel = "ERR 83886179 Operation cancelled <Pinentry>"
    static let timeout = "ERR 83886142 Timeout <Pinentry>"

    var path: String { directory.path + "/pinentry" }
    /// The member of `agent.hello` that names it.
    var hello: String { #","pinentry":"\#(path)""# }

    /// The commands that it was sent, without what is said of the terminal.
    var log: [String] {
        text("log").split(separator: "\n").map(String.init).filter { !$0.hasPrefix("OPTION ") }
    }

    /// Descriptions of the dialogs, decoded.
    var descriptions: [String] { all("SETDESC ") }
    var errors: [String] { all("SETERROR ") }

    /// Environment and arguments of all its runs.
    var surroundings: String { text("surroundings") }

    private func all(_ command: String) -> [String] {
        log.filter { $0.hasPrefix(command) }.map {
            String($0.dropFirst(command.count)).replacing("%0A", with: "\n").replacing("%25", with: "%")
        }
    }

    private func text(_ name: String) -> String {
        (try? String(contentsOfFile: directory.path + "/" + name, encoding: .utf8)) ?? ""
    }
}
