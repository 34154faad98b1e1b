import Auth0
import FoundationEssentials
import PosternProtocol

extension LoginSession {
    /// Seconds between two questions whether the person has approved. The tenant documents 12 a minute as its limit.
    static let firstPollInterval = 6

    /// Asks the tenant again and again whether the person has approved, for as long as the login waits for that.
    func startPolling(_ push: PendingStep.Push) {
        polling = Task {
            while true {
                // Cancelled when the login ends or another answer is given.
                guard (try? await clock.sleep(for: .seconds(pollInterval))) != nil else { return }
                guard case .waiting = stage else { return }
                // In a task of its own: an answer to a question that was asked must still be taken.
                guard await Task(operation: { await isPending(push) }).value else { return }
            }
        }
    }

    /// Waits until no question is under way and none will be asked.
    func stopPolling() async {
        polling?.cancel()
        await polling?.value
        polling = nil
    }

    /// Asks once; false if the login is over.
    private func isPending(_ push: PendingStep.Push) async -> Bool {
        do throws(Account.ProofFailure) {
            _ = try await outcome(of: .push(oob: push.oob), push.mfaToken)
            return false
        } catch {
            switch error {
            case .tenant(let error):
                switch error.kind {
                case .pending(slowDown: false), .unreachable, .noAnswer, .serverError, .notJSON:
                    return true
                case .pending(slowDown: true):
                    slowDown(to: 0)
                    return true
                case .rateLimited(let retryAfter):
                    slowDown(to: retryAfter ?? 0)
                    return true
                default:
                    await end(.failed(AgentError(error, profile: profile.name)))
                }
            case .agent(let error):
                // The keyring may come back while the person takes the time.
                if [.keyringLocked, .keyringUnavailable].contains(error.code) { return true }
                await end(.failed(error))
            }
            return false
        }
    }

    /// Five seconds more from now on (RFC 8628, section 3.5), and no less than the tenant says.
    private func slowDown(to seconds: Int) {
        pollInterval = max(pollInterval + 5, seconds)
    }
}
