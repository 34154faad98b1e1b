import FoundationEssentials
import PosternProtocol

/// The answer of a command that answers by its exit status alone.
struct SilentEnd: Error {
    let status: Int32
}

/// Why a command did not do what it was asked to: words for people, an exit status for scripts.
struct Failure: Error, Equatable {
    /// What happened, in a sentence.
    var message: String
    /// What stands behind it and what to do about it, a sentence each.
    var advice: [String]
    var status: Int32
    /// Where the agent gave the reason.
    var agentError: AgentError?
    /// The RPC error that `--json` prints: as the agent wrote it, or where this command found the same by itself, as the agent would have.
    var json: String?

    init(_ message: String, advice: String..., status: Int32) {
        self.message = message
        self.advice = advice
        self.status = status
    }

    /// An error answered by the agent, or met by a login that it was asked to finish.
    init(_ error: AgentError, json: String? = nil) {
        message = error.message
        advice = Self.advice(error)
        status = error.code.exitStatus
        agentError = error
        // Without it the same is said in words.
        self.json = json ?? (try? JSONEncoder().encode(error)).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func advice(_ error: AgentError) -> [String] {
        var lines: [String] = []
        if let words = error.data.errorDescription, !error.message.contains(words) {
            lines.append("The tenant says: \(words)")
        }
        if error.code == .unknownProfile, let names = error.data.profiles {
            lines.append(names.isEmpty ? "There are no profiles yet." : "Profiles: \(names.joined(separator: ", "))")
        }
        if let hint = error.data.hint {
            lines.append(hint)
        } else if let next = nextStep(error) {
            lines.append(next)
        }
        if let seconds = error.data.retryAfter {
            lines.append("Try again in \(Moment.words(seconds: max(seconds, 0))).")
        }
        return lines
    }

    /// What a person can do, where the agent has not said it: how this command is used is the command's to know.
    private static func nextStep(_ error: AgentError) -> String? {
        let profile = error.data.profile ?? error.data.login?.profile
        let login = (["postern login"] + [profile].compactMap(\.self)).joined(separator: " ")
        return switch error.code {
        case .loginRequired: "Sign in: \(login)"
        case .mfaRequired: "Give the second factor: \(login)"
        case .unknownProfile: "Add one: postern profile add NAME --domain DOMAIN --client-id ID"
        case .codeExpired, .tooManyAttempts, .loginNotFound: "Begin again: \(login)"
        case .keyringLocked: "Unlock the keyring, then try again: postern unlock-keyring"
        default: nil
        }
    }
}
