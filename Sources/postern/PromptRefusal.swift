import Assuan
import PosternProtocol

/// Why a dialog has brought no answer, so that the sign-in that it belongs to is over.
enum PromptRefusal: Error, Equatable {
    case cancelled
    /// Nobody answered in so many seconds.
    case timedOut(seconds: Int)
    /// No dialog could be shown: what stood in the way, and what to do.
    case noDialog(String, advice: String)

    /// Whether the person has had a prompt and does not want to sign in now.
    var isDeclined: Bool {
        switch self {
        case .cancelled, .timedOut: true
        case .noDialog: false
        }
    }

    var failure: Failure {
        switch self {
        case .cancelled:
            Failure(AgentError(.denied, "The sign-in was cancelled.") { $0.cause = "person" })
        case .timedOut(let seconds):
            Failure(
                AgentError(
                    .denied,
                    "Nobody answered the prompt in \(Moment.words(seconds: seconds)): the sign-in was cancelled."
                ) { $0.cause = "timeout" })
        case .noDialog(let reason, let advice):
            Failure(
                AgentError(.denied, "No prompt could be shown: \(reason).") {
                    $0.cause = "no_dialog"
                    $0.hint = advice
                })
        }
    }

    static let noProgram = Self.noDialog(
        "there is no pinentry",
        advice: """
            Install one (pinentry-gnome3, pinentry-qt or pinentry-curses), or name it by pinentry under [agent] in \
            postern.conf; on a terminal: postern login --prompt tty
            """)

    init(_ error: PinentryError, program: String, seconds: Int) {
        let advice = """
            See that \(Terminal.clean(program)) works here, or name another one by pinentry under [agent] in postern.conf; on a terminal: \
            postern login --prompt tty
            """
        switch error {
        case .cancelled: self = .cancelled
        case .timedOut: self = .timedOut(seconds: seconds)
        case .unstartable(let program, let words):
            self = .noDialog("\(program) cannot be run (\(words))", advice: advice)
        case .refused(let words): self = .noDialog("\(program) says: \(words)", advice: advice)
        case .broken(let words): self = .noDialog("\(program) is no pinentry that works: \(words)", advice: advice)
        }
    }
}
