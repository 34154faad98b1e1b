import Auth0
import FoundationEssentials
import Logging
import PosternProtocol

extension Account {
    /// How a single attempt to refresh ended. It means nothing if the epoch has changed meanwhile.
    enum Attempt {
        case refreshed
        /// No retry can help: the waiters are told at once.
        case failed(AgentError)
        /// Not made, because the machine goes to sleep: after the resume it is.
        case asleep
        /// Worth another attempt, after this many seconds at the least.
        case retry(AgentError, after: Int)

        var isAsleep: Bool { if case .asleep = self { true } else { false } }
    }

    func attempt(_ key: TokenKey, epoch: Int) async -> Attempt {
        let outdated = Attempt.failed(.loginRequired("never", profile: profile.name))
        let tenant: Tenant
        do {
            tenant = try await self.tenant()
        } catch {
            return .failed(error)
        }
        guard epoch == self.epoch else { return outdated }
        if let error = loginRequired(by: record) { return .failed(error) }
        guard let refreshToken = record?.refreshToken else { return outdated }
        if let failure = await saveIntent(epoch: epoch) { return .failed(AgentError(failure, profile: profile.name)) }
        guard epoch == self.epoch else { return outdated }
        if isAsleep { return .asleep }
        let sentAt = now
        parts.counters.count(.refreshes)
        do throws(Auth0Error) {
            let response = try await tenant.api.refresh(
                refreshToken, scope: key.scope?.joined(separator: " "), audience: key.audience)
            guard epoch == self.epoch else {
                // Nobody wants it any more, but it is valid.
                if let rotated = response.refreshToken { revoke(rotated) }
                return outdated
            }
            return await take(response, for: key, sentAt: sentAt, tenant: tenant, epoch: epoch)
        } catch {
            guard epoch == self.epoch else {
                if case .malformedTokens(let rotated?) = error.kind { revoke(rotated) }
                return outdated
            }
            return await take(error, key: key, sentAt: sentAt)
        }
    }

    /// Writes ahead that the refresh token may be spent: an intent that was saved proves the keyring writable, and tells the next start what a
    /// missing answer means.
    ///
    /// - Returns: why the keyring did not take it; the token is not to be sent then.
    func saveIntent(epoch: Int) async -> SecretStoreError? {
        guard var credentials = record, credentials.refreshingSince == nil else { return nil }
        credentials.refreshingSince = now.unixTime
        keep(credentials)
        let failure = await save()
        guard let failure, epoch == self.epoch else { return nil }
        if var kept = record {
            kept.refreshingSince = nil
            keep(kept)
        }
        return failure
    }

    /// Takes the intent back where no doubt about the refresh token is left, so that it raises none at the next start. ``save()`` makes it so.
    ///
    /// - Returns: whether there was one.
    @discardableResult
    func withdrawIntent() -> Bool {
        guard !isInDoubt, var credentials = record, credentials.refreshingSince != nil else { return false }
        credentials.refreshingSince = nil
        keep(credentials)
        nextSave = now
        return true
    }

    /// Saves what the tenant gave, then serves it.
    func take(
        _ response: TokenResponse, for key: TokenKey, sentAt: Date, tenant: Tenant, epoch: Int
    ) async -> Attempt {
        guard var credentials = record else { return .failed(.loginRequired("never", profile: profile.name)) }
        let receivedAt = now
        credentials.refreshToken = response.refreshToken ?? credentials.refreshToken
        credentials.refreshingSince = nil
        doubtSince = nil
        forgetSecondFactor()
        keep(credentials)
        let wrongAudience = audienceError(of: response.accessToken, for: key)
        var unusable = wrongAudience
        var newIDToken: Secret?
        var isPersonInDoubt = credentials.isPersonInDoubt
        if let idToken = response.idToken {
            if await !tenant.verifier.knowsKey(of: idToken) {
                // The keys must be fetched first, which may take long: the rotated token is saved before.
                await save()
            }
            do throws(IDTokenVerifier.Failure) {
                _ = try await tenant.verifier.verify(idToken, subject: credentials.account.sub)
                newIDToken = idToken
                isPersonInDoubt = false
            } catch {
                switch error {
                case .invalid(.expired), .invalid(.notYetValid):
                    // It has only just been made, so it is this machine's wall clock that is wrong.
                    parts.log.warning(
                        "The new ID token is of another time than this machine's clock; the last one is kept.",
                        metadata: metadata)
                case .invalid(let error):
                    unusable = unusable ?? .idTokenInvalid(error, profile: profile.name)
                    if error == .otherSubject { isPersonInDoubt = true }
                case .keysUnavailable:
                    parts.log.warning(
                        "The tenant's keys could not be fetched; the last ID token is kept.", metadata: metadata)
                }
            }
            guard epoch == self.epoch else { return .refreshed }
        }
        if isPersonInDoubt { unusable = unusable ?? .idTokenInvalid(.otherSubject, profile: profile.name) }
        let token = AccessToken(
            key: key, response, standardScope: profile.scope, sentAt: sentAt, receivedAt: receivedAt)
        // As it is now: while the ID token was looked at, a caller may have reported a token that was refused.
        if var newest = record {
            newest.idToken = newIDToken ?? newest.idToken
            newest.isPersonInDoubt = isPersonInDoubt
            if unusable == nil, key == .standard { newest.token = token }
            keep(newest)
        }
        await save()
        guard epoch == self.epoch else { return .refreshed }
        if let record { served = .signedIn(record) }
        if unusable == nil, key != .standard { further.keep(token, now: now) }
        if key == .standard { drawJitter() }
        parts.log.info("Refreshed.", metadata: metadata)
        parts.events.publish(.refreshed, profile: profile.name)
        // The tenant would give the same again, and rotate the refresh token for it.
        rememberForeign(wrongAudience, for: key, until: now + .seconds(response.expiresIn * 3 / 4))
        return unusable.map { .failed($0) } ?? .refreshed
    }

    /// - Parameter error: nil forgets it.
    private func rememberForeign(_ error: AgentError?, for key: TokenKey, until end: Date) {
        foreign = foreign.filter { $0.value.until > now }
        foreign[key] = error.map { ($0, until: end) }
        // As many as there are tokens: any program can ask for any scope of such an audience.
        while foreign.count > FurtherTokens.limit, let first = foreign.min(by: { $0.value.until < $1.value.until }) {
            foreign[first.key] = nil
        }
    }

    /// A tenant that does not know the audience, or does not grant it, gives a token for another one without a word (Auth0: "Multi-Resource Refresh
    /// Tokens"). That token is handed out to nobody.
    func audienceError(of token: Secret, for key: TokenKey) -> AgentError? {
        guard let audience = key.audience ?? profile.audience,
            let audiences = UnverifiedAccessToken.audiences(token), !audiences.contains(audience)
        else { return nil }
        return AgentError(.misconfigured, "The tenant gave a token for another audience than \"\(audience)\".") {
            data in
            data.profile = profile.name
            data.hint =
                "Check that the API exists, and that the application's Multi-Resource Refresh Token policies name it."
        }
    }

    /// What the tenant's refusal, or its silence, means for the refresh token.
    func take(_ error: Auth0Error, key: TokenKey, sentAt: Date) async -> Attempt {
        guard var credentials = record else { return .failed(.loginRequired("never", profile: profile.name)) }
        let wasInDoubt = isInDoubt
        if error.leavesDoubt, !isInDoubt { doubtSince = sentAt.unixTime }
        let answer = AgentError(error, profile: profile.name)
        switch error.kind {
        case .refreshTokenRefused(let userDeleted):
            let refusal = refusal(of: credentials, userDeleted: userDeleted, inDoubt: wasInDoubt)
            credentials.refreshToken = nil
            credentials.refusal = refusal
            credentials.refreshingSince = nil
            doubtSince = nil
            forgetSecondFactor()
            keep(credentials)
            served = .signedIn(credentials)
            keepTenantIfNeeded()
            tell(refusal)
            await save()
            return .failed(.loginRequired(refusal.rawValue, profile: profile.name))
        case .mfaRequired(let requirement):
            return .failed(ask(requirement, for: key))
        case .malformedTokens(let rotated?):
            credentials.refreshToken = rotated
            credentials.refreshingSince = nil
            doubtSince = nil
            forgetSecondFactor()
            keep(credentials)
            await save()
            return .failed(answer)
        case .rateLimited(let retryAfter):
            return .retry(answer, after: retryAfter ?? 0)
        case .unreachable, .noAnswer, .serverError, .notJSON, .malformedTokens(nil):
            return .retry(answer, after: 0)
        default:
            return .failed(answer)
        }
    }

    private func tell(_ refusal: Credentials.Refusal) {
        parts.events.publish(.loginRequired, profile: profile.name) { $0.cause = refusal.rawValue }
        guard refusal == .reuseSuspected else { return }
        parts.events.publish(.reuseSuspected, profile: profile.name)
        parts.log.error(
            "The tenant refused a refresh token that should be valid. Unless somebody revoked it, it may have been stolen and used: look at the tenant's log.",
            metadata: metadata)
    }

    /// Why a refresh token was refused, as far as can be known: the tenant's answer is the same for all reasons but one.
    private func refusal(of credentials: Credentials, userDeleted: Bool, inDoubt: Bool) -> Credentials.Refusal {
        if userDeleted { return .userDeleted }
        if inDoubt { return .lostAnswer }
        let isAtItsEnd = now.unixTime >= credentials.signedInAt + profile.sessionLifetime
        return isAtItsEnd ? .expired : .reuseSuspected
    }
}
