import Auth0
import FoundationEssentials
import PosternProtocol

extension LoginSession {
    /// Seconds between two questions whether the person has approved. The tenant documents 12 a minute as its limit.
    static let firstPollInterval = 6

    /// Asks the tenant again and again whether the person has approved, for as long as the login waits for that.
    func startPolling(_ push: PendingStep.Push) {
        polling = Task {
            var pause: Int? = pollInterval
            while let seconds = pause {
                // Cancelled when the login ends or another answer is given.
                guard (try? await clock.sleep(for: .seconds(seconds))) != nil else { return }
                guard case .waiting = stage else { return }
                // In a task of its own: an answer to a question that was asked must still be taken.
                pause = await Task { await poll(push) }.value
            }
        }
    }

    /// Waits until no question is under way and none will be asked.
    func stopPolling() async {
        polling?.cancel()
        await polling?.value
        polling = nil
    }

    /// Asks once.
    ///
    /// - Returns: after how many seconds to ask again; nil if the login is over.
    private func poll(_ push: PendingStep.Push) async -> Int? {
        do throws(Account.ProofFailure) {
            _ = try await outcome(of: .push(oob: push.oob), push.mfaToken, by: push.peer)
            return nil
        } catch {
            switch error {
            case .tenant(let error):
                switch error.kind {
                case .pending(slowDown: false), .unreachable, .noAnswer, .serverError, .notJSON:
                    return pollInterval
                case .pending(slowDown: true):
                    return slowedInterval()
                case .rateLimited(let retryAfter):
                    return max(slowedInterval(), retryAfter ?? 0)
                default:
                    var failure = AgentError(error, profile: profile.name)
                    if error.isPersonsRefusal { failure.data.cause = "person" }
                    await end(.failed(failure))
                }
            case .agent(let error):
                // The keyring may come back while the person takes the time, and the machine from its sleep.
                if [.keyringLocked, .keyringUnavailable, .timeout].contains(error.code) { return pollInterval }
                await end(.failed(error))
            }
            return nil
        }
    }

    /// Five seconds more, for this question and all that follow (RFC 8628, section 3.5).
    private func slowedInterval() -> Int {
        pollInterval += 5
        return pollInterval
    }
}

extension Auth0Error {
    /// Whether a push was rejected on the device, by either error code that says so; an Action's refusal has words of its own.
    fileprivate var isPersonsRefusal: Bool {
        kind == .denied && description?.lowercased().contains("mfa authorization rejected") == true
    }
}
