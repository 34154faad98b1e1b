import FoundationEssentials
import PosternProtocol

extension Account {
    /// A request that waits for a refresh.
    struct Waiter {
        var key: TokenKey
        var deadline: Date
        var timer: Task<Void, Never>
        var continuation: CheckedContinuation<Result<AccessToken, AgentError>, Never>
    }

    /// Joins the refresh under way or starts one, and waits for a token of this key.
    ///
    /// - Parameter wait: seconds after which the last attempt's error is thrown, or 1016 if no attempt has ended.
    func refreshedToken(_ key: TokenKey, wait: Int) async throws(AgentError) -> AccessToken {
        if let error = loginRequired(by: served.credentials) ?? secondFactorRequired { throw error }
        waiterCount += 1
        let id = waiterCount
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let timer = Task {
                    // Cancelled once the waiter is answered; giving up is then nothing to do.
                    try? await parts.clock.sleep(for: .seconds(wait))
                    giveUp(id)
                }
                waiters[id] = Waiter(
                    key: key, deadline: now + .seconds(wait), timer: timer, continuation: continuation)
                refreshNow()
            }
        } onCancel: {
            Task { await giveUp(id) }
        }
        return try result.get()
    }

    /// Answers everybody whose token is there.
    func answerWaiters() {
        for (id, waiter) in waiters {
            if let token = served.credentials?.token(waiter.key), isServable(token) {
                answer(id, .success(token))
            }
        }
    }

    func failWaiters(of key: TokenKey? = nil, with error: AgentError) {
        for (id, waiter) in waiters where key == nil || waiter.key == key {
            answer(id, .failure(error))
        }
    }

    /// Gives those up for whom the next attempt would come too late anyway.
    func failWaiters(dueBefore date: Date) {
        for (id, waiter) in waiters where waiter.deadline < date {
            giveUp(id)
        }
    }

    private func giveUp(_ id: Int) {
        let timeout = AgentError(.timeout, "The refresh of profile \(profile.name) has not ended in time.") { data in
            data.profile = profile.name
            data.hint = "It goes on; try again, or allow more time by --wait."
        }
        // A pause that the tenant asked for may be left of an earlier refresh, whose error then is the reason.
        answer(id, .failure(attemptError ?? (tenantPause > now ? refreshError : nil) ?? timeout))
    }

    private func answer(_ id: Int, _ result: Result<AccessToken, AgentError>) {
        guard let waiter = waiters.removeValue(forKey: id) else { return }
        waiter.timer.cancel()
        waiter.continuation.resume(returning: result)
    }
}
