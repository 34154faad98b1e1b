import Glibc
import PosternProtocol

/// `postern token --login`: a token, after others' sign-in if there is one, else after one that this process leads.
struct TokenSignIn {
    private let signIn: SignIn
    private let request: GetToken
    private let canAsk: Bool
    /// When this began to wait: who declines later declines for this as well.
    private let begun = DeclinedPrompt.now

    init(_ options: AgentOptions, _ terminal: Terminal, _ request: GetToken) throws {
        let place = PromptPlace.forProgram
        canAsk = place != nil
        signIn = try SignIn(options, try Interrupts(), terminal, place ?? .terminal, isForProgram: true)
        self.request = request
    }

    /// - Parameter type: that the answer is read as.
    func answer<Value: Decodable & Sendable>(as type: Value.Type) throws -> Client.Answer<Value> {
        let needed: Failure
        var first = request
        // A sign-in that nobody leads is not to be waited for, but to be taken over.
        if canAsk, try signIn.isAbandoned(request.profile) { first.joinLogin = nil }
        switch try token(first, as: type) {
        case .success(let answer): return answer
        case .failure(let failure): needed = failure
        }
        guard canAsk else { throw needed }
        var profile = needed.agentError?.data.profile ?? request.profile
        if profile == nil { profile = try signIn.status(of: nil)?.name }
        let lock = try lock(profile)
        defer { withExtendedLifetime(lock) {} }

        // Whoever showed the prompt before may have been signed in. If it died at it, nobody leads its sign-in, which is not to be waited for then.
        var again = request
        if let profile, lock.abandoned == profile { again.joinLogin = nil }
        switch try token(again, as: type) {
        case .success(let answer): return answer
        case .failure: break
        }
        if let profile, let refusal = signIn.refusal(of: profile), refusal.time >= begun {
            let isByPerson = refusal.unusablePlace == nil
            throw Failure(
                AgentError(
                    .denied,
                    isByPerson
                        ? "The sign-in was cancelled in another prompt."
                        : "No prompt could be shown: another program has just tried."
                ) {
                    $0.profile = profile
                    $0.cause = isByPerson ? "person" : "no_dialog"
                })
        }
        _ = try signIn.finish(try signIn.begin(request.profile))
        return try signIn.client.call(request, as: type)
    }

    /// A token, or that somebody has to sign in and nobody is at it. Everything else is thrown.
    private func token<Value: Decodable & Sendable>(
        _ request: GetToken, as type: Value.Type
    ) throws -> Result<Client.Answer<Value>, Failure> {
        while true {
            let asked = ContinuousClock.now
            do {
                return .success(try signIn.client.call(request, as: type))
            } catch let failure as Failure {
                guard let code = failure.agentError?.code, [.loginRequired, .mfaRequired].contains(code) else {
                    throw failure
                }
                // The agent gives the same error when nobody signs in and when somebody has not finished in time; in the latter case it has taken
                // that time. Asked again, it answers at once or waits on.
                let isWaitingOver = ContinuousClock.now - asked < .seconds(1)
                if let wait = request.wait {
                    guard isWaitingOver || ContinuousClock.now - asked < .seconds(wait) else { throw failure }
                }
                if request.joinLogin != true || isWaitingOver { return .failure(failure) }
            }
        }
    }

    private func lock(_ profile: String?) throws -> PromptLock {
        do {
            return try signIn.lock(profile, limit: request.wait.map { .seconds(max($0, 0)) })
        } catch let error as PromptLock.TimedOut {
            let whose = error.profile.map { "The sign-in of profile \($0)" } ?? "Another prompt"
            throw Failure(
                AgentError(.timeout, "\(whose) was not over in \(request.wait ?? 0) s.") { $0.profile = profile })
        }
    }
}
