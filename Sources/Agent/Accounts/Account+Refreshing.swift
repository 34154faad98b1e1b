import Auth0
import FoundationEssentials
import Logging
import PosternProtocol

extension Account {
    /// How a single attempt ended.
    private enum Attempt {
        case refreshed
        /// No retry can help: the waiters are told at once.
        case failed(AgentError)
        /// Worth another attempt, after this many seconds at the least.
        case retry(AgentError, after: Int)
        /// Somebody signed in or out meanwhile; the result is not wanted.
        case abandoned
    }

    /// When the standard token is due to be refreshed ahead of its expiry; nil if it is not to be.
    var refreshDue: Date? {
        guard profile.refresh == .ahead, let credentials = served.credentials, credentials.refreshToken != nil,
            let token = credentials.token(.standard)
        else { return nil }
        return Date(unixTime: token.refreshDue(margin: profile.refreshMargin) - jitter)
    }

    /// Does what is due and says when to come again; nil is never.
    func wake() async -> Date? {
        if case .unknown = served { await load() }
        if let nextSave, nextSave <= now { await save() }
        var next = [nextSave].compactMap { $0 }
        if case .unknown(let error?) = served, error.code == .keyringLocked {
            next.append(now + Self.lockedPoll)
        }
        // A refresh in flight nudges when it ends; while a second factor is wanted nothing is refreshed in the background.
        if flight == nil, !needsSecondFactor, let due = isInDoubt ? now : refreshDue {
            let start = max(due, aheadNotBefore)
            if start <= now {
                refreshNow()
            } else {
                next.append(start)
            }
        }
        return next.min()
    }

    /// Spreads refreshes that are due together. It only makes them earlier: a tenth of the margin at most.
    func drawJitter() {
        let margin = served.credentials?.token(.standard).map { min(profile.refreshMargin, $0.lifetime / 4) } ?? 0
        jitter = Int.random(in: 0...max(margin / 10, 0))
    }

    /// Starts the one refresh, or has the one that pauses before its next attempt make it now, if that may be hurried.
    func refreshNow() {
        guard !isStopping else { return }
        guard flight == nil else {
            if let mayHurryFrom, mayHurryFrom <= now { nudge.nudge() }
            return
        }
        flight = Task { await refresh() }
    }

    /// Waits for an attempt under way, so that its outcome is saved before the process ends. No other attempt follows.
    func finishRefresh() async {
        isStopping = true
        guard let flight else { return }
        nudge.nudge()
        await flight.value
    }

    /// Attempts refreshes until everybody who waits has an answer, and a token in doubt a definite one.
    private func refresh() async {
        let epoch = epoch
        var backoff = Backoff()
        while true {
            let key = waiters.values.first?.key ?? .standard
            let attempt = await attempt(key)
            guard epoch == self.epoch else { return }
            switch attempt {
            case .abandoned:
                return
            case .refreshed:
                refreshError = nil
                aheadBackoff = Backoff(base: .seconds(5))
                aheadNotBefore = .distantPast
                backoff = Backoff()
                answerWaiters()
            case .failed(let error):
                fail(error)
                failWaiters(of: key, with: error)
            case .retry(let error, let seconds):
                fail(error)
                let delay = max(nextDelay(&backoff), .seconds(seconds))
                failWaiters(dueBefore: now + delay, with: error)
                guard !isStopping, !waiters.isEmpty || isInDoubt else { break }
                mayHurryFrom = now + .seconds(max(seconds, 5))
                await nudge.sleep(for: delay, on: parts.clock)
                guard epoch == self.epoch else { return }
                mayHurryFrom = nil
                guard !isStopping else { break }
                continue
            }
            guard !waiters.isEmpty, !isStopping else { break }
        }
        if !isInDoubt, var credentials = record, credentials.refreshingSince != nil {
            // The attempts ended without a doubt about the token, so the intent must not raise one at the next start.
            credentials.refreshingSince = nil
            keep(credentials)
            await save()
            guard epoch == self.epoch else { return }
            served = .signedIn(credentials)
        }
        flight = nil
        if !waiters.isEmpty { refreshNow() }
        parts.deadlines.nudge()
    }

    private func fail(_ error: AgentError) {
        parts.counters.count(.refreshFailures)
        parts.log.warning("A refresh failed: \(error.message)", metadata: metadata)
        refreshError = error
        aheadNotBefore = now + (error.code == .keyringLocked ? Self.lockedPoll : aheadBackoff.next())
    }

    /// While the tenant would still accept the old token again, an answer in doubt is asked for without much waiting.
    private func nextDelay(_ backoff: inout Backoff) -> Duration {
        let delay = backoff.next()
        guard isInDoubt, let since = record?.refreshingSince, now.unixTime - since < profile.rotationOverlap else {
            return delay
        }
        return min(delay, .seconds(1))
    }

    /// Why nothing can be refreshed with these credentials until somebody signs in; nil if it can.
    func loginRequired(by credentials: Credentials?) -> AgentError? {
        guard let credentials else { return .loginRequired("never", profile: profile.name) }
        guard credentials.refreshToken == nil else { return nil }
        return .loginRequired(credentials.refusal?.rawValue ?? "no_refresh_token", profile: profile.name)
    }

    private func attempt(_ key: TokenKey) async -> Attempt {
        guard var credentials = record, let refreshToken = credentials.refreshToken else {
            return loginRequired(by: record).map { .failed($0) } ?? .abandoned
        }
        let epoch = epoch
        let tenant: Tenant
        do {
            tenant = try await self.tenant()
        } catch {
            return .failed(error)
        }
        // Write ahead: an intent that was saved proves the keyring writable, and tells the next start that the token may have been spent.
        if credentials.refreshingSince == nil {
            credentials.refreshingSince = now.unixTime
            keep(credentials)
            if let error = await save() {
                guard epoch == self.epoch else { return .abandoned }
                credentials.refreshingSince = nil
                keep(credentials)
                return .failed(AgentError(error, profile: profile.name))
            }
        }
        guard epoch == self.epoch else { return .abandoned }
        let sentAt = now
        parts.counters.count(.refreshes)
        do throws(Auth0Error) {
            let response = try await tenant.api.refresh(
                refreshToken, scope: key.scope?.joined(separator: " "), audience: key.audience)
            return await take(response, for: key, sentAt: sentAt, tenant: tenant, epoch: epoch)
        } catch {
            guard epoch == self.epoch else { return .abandoned }
            return await handle(error, credentials)
        }
    }

    /// Saves what the tenant gave, then serves it.
    private func take(
        _ response: TokenResponse, for key: TokenKey, sentAt: Date, tenant: Tenant, epoch: Int
    ) async -> Attempt {
        guard epoch == self.epoch, var credentials = record else {
            if let refreshToken = response.refreshToken { revokeInBackground(refreshToken) }
            return .abandoned
        }
        credentials.refreshToken = response.refreshToken ?? credentials.refreshToken
        credentials.refreshingSince = nil
        isInDoubt = false
        needsSecondFactor = false
        keep(credentials)
        var broken: IDTokenError?
        if let idToken = response.idToken {
            if await !tenant.verifier.knowsKey(of: idToken) {
                // The keys must be fetched first, which may take long: the rotated token is saved before.
                await save()
            }
            do throws(IDTokenVerifier.Failure) {
                _ = try await tenant.verifier.verify(idToken, subject: credentials.account.sub)
                credentials.idToken = idToken
            } catch {
                switch error {
                case .invalid(let error):
                    broken = error
                case .keysUnavailable:
                    parts.log.warning(
                        "The tenant's keys could not be fetched; the last ID token is kept.", metadata: metadata)
                }
            }
            guard epoch == self.epoch else { return .abandoned }
        }
        if broken == nil {
            let scope = response.scope ?? key.scope?.joined(separator: " ") ?? profile.scope
            credentials.replace(
                AccessToken(
                    key: key, value: response.accessToken, scope: scope, issuedAt: sentAt.unixTime,
                    expiresAt: sentAt.unixTime + response.expiresIn), now: now)
        }
        keep(credentials)
        await save()
        guard epoch == self.epoch else { return .abandoned }
        served = .signedIn(credentials)
        if key == .standard { drawJitter() }
        parts.log.info("Refreshed.", metadata: metadata)
        guard let broken else { return .refreshed }
        return .failed(.idTokenInvalid(broken, profile: profile.name))
    }

    private func handle(_ error: Auth0Error, _ credentials: Credentials) async -> Attempt {
        let wasInDoubt = isInDoubt
        isInDoubt = isInDoubt || error.leavesDoubt
        switch error.kind {
        case .refreshTokenRefused(let userDeleted):
            let refusal = refusal(of: credentials, userDeleted: userDeleted, inDoubt: wasInDoubt)
            var refused = credentials
            refused.refreshToken = nil
            refused.refusal = refusal
            refused.refreshingSince = nil
            isInDoubt = false
            keep(refused)
            served = .signedIn(refused)
            await save()
            return .failed(.loginRequired(refusal.rawValue, profile: profile.name))
        case .mfaRequired:
            needsSecondFactor = true
            return .failed(AgentError(error, profile: profile.name))
        case .malformedTokens(let rotated?):
            var kept = credentials
            kept.refreshToken = rotated
            kept.refreshingSince = nil
            keep(kept)
            await save()
            return .failed(AgentError(error, profile: profile.name))
        case .rateLimited(let retryAfter):
            return .retry(AgentError(error, profile: profile.name), after: retryAfter ?? 0)
        case .unreachable, .noAnswer, .serverError, .notJSON:
            return .retry(AgentError(error, profile: profile.name), after: 0)
        default:
            return .failed(AgentError(error, profile: profile.name))
        }
    }

    /// Why a refresh token was refused, as far as can be known: the tenant's answer is the same for all reasons but one.
    private func refusal(of credentials: Credentials, userDeleted: Bool, inDoubt: Bool) -> Credentials.Refusal {
        if userDeleted { return .userDeleted }
        if inDoubt { return .lostAnswer }
        let isAtItsEnd = now.unixTime >= credentials.signedInAt + profile.sessionLifetime
        return isAtItsEnd ? .expired : .reuseSuspected
    }
}
