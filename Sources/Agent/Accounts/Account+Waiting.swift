import FoundationEssentials
import PosternProtocol

extension Account {
    /// A request that waits for a refresh.
    struct Waiter {
        var key: TokenKey
        /// Another would have been served the token that there is.
        var isDemanded: Bool
        var deadline: Date
        var timer: Task<Void, Never>
        var continuation: CheckedContinuation<Result<AccessToken, AgentError>, Never>
    }

    /// After a refresh that a caller demanded, the next one that somebody waits for begins no sooner.
    static let demandGap = Duration.seconds(1)

    /// Waits until a refresh may begin, or one is under way that can be joined. All who wait for the same moment share the refresh that then begins.
    ///
    /// A caller can demand a refresh though the token is good (``Ask/demandsRefresh``); without this, one program could use up what the tenant allows all
    /// of them.
    ///
    /// - Parameter end: of the caller's patience.
    /// - Returns: whether it has waited, so that there may be a token now.
    /// - Throws: 1016 if the moment is later than that; at once, why no refresh can help.
    func demandHasPassed(before end: Date) async throws(AgentError) -> Bool {
        var hasWaited = false
        if let error = loginRequired(by: served.credentials) ?? secondFactorRequired { throw error }
        while flight == nil, case let next = lastDemand + Self.demandGap, next > now {
            guard next <= end else { throw timeout }
            do {
                try await parts.clock.sleep(for: next.duration(since: now))
            } catch {
                throw timeout  // cancelled: nobody is there to read it
            }
            hasWaited = true
        }
        return hasWaited
    }

    /// Joins the refresh under way or starts one, and waits for a token of this key.
    ///
    /// - Parameters:
    ///   - end: when the last attempt's error is thrown, or 1016 if no attempt has ended.
    ///   - isDemanded: the token that there is would have been good enough for others.
    func refreshedToken(_ key: TokenKey, before end: Date, isDemanded: Bool) async throws(AgentError) -> AccessToken {
        if let error = loginRequired(by: served.credentials) ?? secondFactorRequired { throw error }
        let wait = max(end.duration(since: now), .zero)
        waiterCount += 1
        let id = waiterCount
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let timer = Task {
                    // Cancelled once the waiter is answered; giving up is then nothing to do.
                    try? await parts.clock.sleep(for: wait)
                    giveUp(id)
                }
                waiters[id] = Waiter(
                    key: key, isDemanded: isDemanded, deadline: now + wait, timer: timer, continuation: continuation)
                refreshNow()
            }
        } onCancel: {
            Task { await giveUp(id) }
        }
        return try result.get()
    }

    /// Answers everybody whose token is there.
    ///
    /// - Parameter refreshed: what has just been refreshed; nil is all. Who demanded another token is not given the one that there was.
    func answerWaiters(refreshed: TokenKey? = nil) {
        for (id, waiter) in waiters where refreshed == nil || waiter.key == refreshed || !waiter.isDemanded {
            if let token = token(of: waiter.key), isServable(token, at: now) {
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

    private var timeout: AgentError {
        AgentError(.timeout, "The refresh of profile \(profile.name) has not ended in time.") { data in
            data.profile = profile.name
            data.hint = "It goes on; try again, or allow more time by --wait."
        }
    }

    private func giveUp(_ id: Int) {
        // A pause that the tenant asked for may be left of an earlier refresh, whose error then is the reason.
        answer(id, .failure(attemptError ?? (tenantPause > now ? refreshError : nil) ?? timeout))
    }

    private func answer(_ id: Int, _ result: Result<AccessToken, AgentError>) {
        guard let waiter = waiters.removeValue(forKey: id) else { return }
        waiter.timer.cancel()
        waiter.continuation.resume(returning: result)
    }
}
