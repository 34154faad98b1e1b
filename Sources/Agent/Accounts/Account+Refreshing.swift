import FoundationEssentials
import Logging
import PosternProtocol

extension Account {
    /// A refresh under way: attempts, and the pauses between them.
    struct Flight {
        var task: Task<Void, Never>
        /// Ends a pause early.
        var nudge: Nudge
    }

    /// When the standard token is due to be refreshed ahead of its expiry; nil if it is not to be.
    var refreshDue: Date? {
        guard profile.refresh == .ahead, let credentials = served.credentials, credentials.refreshToken != nil,
            let token = credentials.token
        else { return nil }
        return Date(unixTime: token.refreshDue(margin: profile.refreshMargin) - jitter)
    }

    /// Does what is due and says when to come again; nil is never.
    func wake() async -> Date? {
        if case .unknown = served { await load() }
        if let nextSave, nextSave <= now { await save() }
        var next = [nextSave, forgetOldDemand(), warnOfEnd(), unrefreshableEnd].compactMap { $0 }
        if case .unknown(let error?) = served, error.data.retryable || error.data.cause == "absent" {
            next.append(now + (error.code == .keyringLocked ? Self.lockedPoll : Self.absentPoll))
        }
        if isAsleep {
            next.append(now + .seconds(asleepFor))
        } else if flight == nil, !waiters.isEmpty {
            // They waited for a sleep that was called off without a word.
            refreshNow()
        }
        // A refresh in flight nudges when it ends; while a second factor is wanted nothing is refreshed in the background.
        if flight == nil, !isStopping, !isAsleep, !needsSecondFactor, let due = isInDoubt ? now : refreshDue {
            let start = max(due, aheadNotBefore, tenantPause)
            if start <= now {
                refreshNow()
            } else {
                next.append(start)
            }
        }
        tellNeeds()
        return next.min()
    }

    /// Spreads refreshes that are due together. It only makes them earlier: a tenth of the margin at most.
    func drawJitter() {
        let margin = served.credentials?.token.map { min(profile.refreshMargin, $0.lifetime / 4) } ?? 0
        jitter = Int.random(in: 0...max(margin / 10, 0))
    }

    /// Starts the one refresh, or has the one that pauses go on, if its last attempt is long enough ago. One that only stands in line goes at once.
    func refreshNow() {
        // What a sign-in or a proof is about to replace must not be refreshed; both look after the waiters when they are done.
        guard !isStopping, !isSigningIn, proving == nil, !isAsleep else { return }
        if let flight {
            if parts.pace.hasInLine(flight.nudge) || now >= lastAttempt + Self.attemptGap { flight.nudge.nudge() }
            return
        }
        let nudge = Nudge()
        attemptError = nil
        // The epoch is that of now: when the task begins to run, somebody may have signed in or out.
        flight = Flight(task: Task { [epoch] in await refresh(epoch, nudge) }, nudge: nudge)
    }

    /// Waits until an attempt may be made: at once if somebody waits for it, else in turn among those of all accounts.
    ///
    /// - Returns: whether it holds a place, to be given back after the attempt.
    private func takeTurn(_ epoch: Int, _ nudge: Nudge) async -> Bool {
        while epoch == self.epoch, !isStopping, !isAsleep, waiters.isEmpty {
            if parts.pace.enter(nudge) { return true }
            await nudge.sleep(for: nil, on: parts.clock)
        }
        parts.pace.giveUp(nudge)
        return false
    }

    /// Whose token is refreshed next: what somebody needs comes before what somebody only demands.
    private var nextWaiter: Waiter? { waiters.values.first { !$0.isDemanded } ?? waiters.values.first }

    /// When the next attempt may be made, if it is for who demands it alone; nil is at once.
    private var demandDue: Date? {
        guard !isInDoubt, nextWaiter?.isDemanded == true else { return nil }
        return lastDemand + Self.demandGap
    }

    /// Attempts refreshes until everybody who waits has an answer, and a token in doubt a definite one.
    private func refresh(_ epoch: Int, _ nudge: Nudge) async {
        var backoff = Backoff()
        var pauseEnd = Date.distantPast
        while epoch == self.epoch, !isStopping, !isAsleep {
            let nextAttempt = max(pauseEnd, tenantPause)
            if nextAttempt > now {
                failWaiters(dueBefore: nextAttempt)
                guard !waiters.isEmpty || isInDoubt else { break }
                await nudge.sleep(for: nextAttempt.duration(since: now), on: parts.clock)
                // Somebody's impatience, or a network that is back, ends a back-off, but not a pause that the tenant asked for.
                pauseEnd = self.pauseEnd(cutShort: pauseEnd)
                continue
            }
            if let due = demandDue, due > now {
                failWaiters(dueBefore: due)
                guard !waiters.isEmpty else { break }
                await nudge.sleep(for: due.duration(since: now), on: parts.clock)
                continue
            }
            let hasPlace = await takeTurn(epoch, nudge)
            defer { if hasPlace { parts.pace.leave() } }
            guard epoch == self.epoch, !isStopping, !isAsleep else { break }
            let next = nextWaiter
            let key = next?.key ?? .standard
            lastAttempt = now
            let outcome = await attempt(key, epoch: epoch)
            guard epoch == self.epoch else { return }
            if next?.isDemanded == true, !outcome.isAsleep { lastDemand = lastAttempt }
            var isRetry = false
            switch outcome {
            case .refreshed:
                succeed(key)
                backoff = Backoff()
            case .failed(let error):
                fail(error, key)
                // A second factor is wanted of whoever waits, whatever for.
                failWaiters(of: error.code == .mfaRequired ? nil : key, with: error)
            case .asleep:
                break
            case .retry(let error, let seconds):
                fail(error, key)
                pauseEnd = now + nextDelay(&backoff)
                tenantPause = max(tenantPause, now + .seconds(seconds))
                isRetry = true
            }
            guard isRetry || !waiters.isEmpty else { break }
        }
        guard epoch == self.epoch else { return }
        // Whoever comes from here on waits for the next flight, not for this one's attempts.
        attemptError = nil
        if withdrawIntent() { await save() }
        guard epoch == self.epoch else { return }
        flight = nil
        if !waiters.isEmpty { refreshNow() }
        parts.deadlines.moved(of: self)
    }

    func succeed(_ key: TokenKey) {
        if refreshError?.code == .offline { parts.events.publish(.online, profile: profile.name) }
        refreshError = nil
        attemptError = nil
        if key == .standard {
            aheadBackoff = Self.newAheadBackoff
            // A tenant whose tokens live a second is not asked without end.
            aheadNotBefore = now + Self.aheadGap
        }
        answerWaiters(refreshed: key)
        // Whoever is left of this key was given nothing usable, and would be given nothing usable again.
        failWaiters(
            of: key,
            with: AgentError(.tenantError, "The tenant gave a token that has expired or that a server has refused.") {
                $0.profile = profile.name
            })
    }

    func fail(_ error: AgentError, _ key: TokenKey) {
        parts.counters.count(.refreshFailures)
        parts.log.warning("A refresh failed: \(error.message)", metadata: metadata)
        attemptError = error
        // Another audience's trouble must not hold up the refresh ahead.
        guard key == .standard || error.code == .loginRequired else { return }
        if error.code == .offline, refreshError?.code != .offline {
            parts.events.publish(.offline, profile: profile.name)
        }
        refreshError = error
        aheadNotBefore = now + (error.code == .keyringLocked ? Self.lockedPoll : aheadBackoff.next())
    }

    /// While the tenant would still accept the old token again, an answer in doubt is asked for without much waiting.
    private func nextDelay(_ backoff: inout Backoff) -> Duration {
        let delay = backoff.next()
        if let since = doubtSince, now.unixTime - since < profile.rotationOverlap { return min(delay, .seconds(1)) }
        return max(delay, parts.retries.spend(at: now))
    }

    /// Why nothing can be refreshed with these credentials until somebody signs in; nil if it can.
    func loginRequired(by credentials: Credentials?) -> AgentError? {
        guard let credentials else {
            let cause = hasOtherSignIns ? "settings_changed" : hasEnded ? "expired" : "never"
            return .loginRequired(cause, profile: profile.name)
        }
        guard credentials.refreshToken == nil else { return nil }
        return .loginRequired(credentials.refusal?.rawValue ?? "no_refresh_token", profile: profile.name)
    }
}
