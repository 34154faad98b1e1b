import Auth0
import FoundationEssentials
import KeyringProtocol
import Logging
import PosternProtocol

extension Account {
    /// Takes over a sign-in that has just succeeded. The refresh token it replaces is revoked once the keyring has the new one: until then it is what the next
    /// process would find.
    ///
    /// - Throws: 1015 if the profile has come to mean something else since the sign-in began; 1020 for a refresh token that no record can hold.
    func signIn(_ credentials: Credentials) async throws(AgentError) {
        guard !isStopping, credentials.binding.permits(profile) else {
            throw AgentError(.misconfigured, "Profile \(profile.name) was changed during the sign-in.") { data in
                data.profile = profile.name
                data.hint = "Sign in again."
            }
        }
        do throws(Credentials.TooLong) {
            if profile.persist != .memory { _ = try credentials.json(at: parts.clock) }
        } catch {
            throw AgentError(.tenantError, "The tenant's refresh token is too long to be kept.") { data in
                data.profile = profile.name
            }
        }
        replaced += takeAllSignIns().filter { $0.refreshToken != nil && $0.refreshToken != credentials.refreshToken }
        mayHaveStrays = true
        let epoch = beginEpoch()
        isSigningIn = true
        noteSignIn(true)
        keep(credentials)
        await endElders()
        await save()
        guard epoch == self.epoch else { return }  // signed out, or in again, meanwhile
        isSigningIn = false
        served = .signedIn(credentials)
        keepTenantIfNeeded()
        drawJitter()
        parts.counters.count(.signIns)
        parts.events.publish(.signedIn, profile: profile.name) { $0.account = credentials.account.shown }
        answerWaiters()
        if !waiters.isEmpty { refreshNow() }
        parts.deadlines.moved(of: self)
        // It may have ended just before there was anything to end.
        await sessionsChanged(wasLast: false)
    }

    /// Revokes what sign-ins have replaced, wherever it was issued.
    @discardableResult
    func revokeReplaced() -> [Task<AgentError?, Never>] {
        defer { replaced = [] }
        // Each save comes here: somebody has signed in since the last one.
        if mayHaveStrays {
            mayHaveStrays = false
            endStrays(revoking: true, besides: replaced, isSignOut: false)
            revokeUnrevoked()
        }
        return replaced.compactMap { revokeWhereIssued($0, isReplaced: true) }
    }

    /// Tries once more what could not be revoked.
    @discardableResult
    private func revokeUnrevoked() -> [Task<AgentError?, Never>] {
        defer { unrevoked = [] }
        return unrevoked.compactMap { revokeWhereIssued($0, isReplaced: true) }
    }

    /// Signs out: nothing of the old sign-in is served from the first line on. It is carried out even if its caller goes away.
    func logout(revoke: Bool) async -> Logout.Response {
        let task = Task { await signOut(revoke: revoke) }
        return await task.value
    }

    private func signOut(revoke wantsRevocation: Bool) async -> Logout.Response {
        if case .unknown = served {
            _ = await store.state(mayStart: true)
            await load()
        }
        let signIns = takeAllSignIns()
        let unread: AgentError? = if case .unknown(let error) = served { error } else { nil }
        mayHaveStrays = false
        let epoch = beginEpoch()
        served = .signedOut
        noteSignIn(false)
        parts.events.publish(.signedOut, profile: profile.name)
        failWaiters(with: .loginRequired("never", profile: profile.name))
        // At once, and beside what the keyring may take its time for.
        var revocations = revokeReplaced()
        if wantsRevocation { revocations += signIns.compactMap { revokeWhereIssued($0) } }
        var reasons: [String] = []
        var cannotLook = false
        var cannotNote = false
        func note(_ items: [KeyringItem]) {
            do { for item in items { try parts.notes.write(for: item) } } catch { cannotNote = true }
        }
        if profile.persist != .memory { note([item]) }
        keep(nil)
        // What one of them saved at the last moment took the note away.
        if await endElders(), profile.persist != .memory, epoch == self.epoch { note([item]) }
        let saveError = await save()
        // What lies elsewhere in a keyring that cannot be asked is not to come back when `persist` is.
        let keyring = await parts.keyring.state(mayStart: false)
        if keyring != .available, epoch == self.epoch, !isStopping { note(otherItems) }
        if let saveError {
            reasons.append(AgentError(saveError, profile: profile.name).message)
        } else {
            revocations.append(endStrays(revoking: wantsRevocation, besides: signIns, isSignOut: true))
            if keyring == .locked || keyring == .failing {
                cannotLook = true
                reasons.append("What the keyring may still have of the profile could not be looked for.")
            }
        }
        if cannotNote {
            reasons.append(
                "The sign-out could not be noted on disk: if the agent ends before the keyring item is deleted, the sign-in comes back."
            )
        }
        var isRevoked = wantsRevocation && unread == nil && !cannotLook
        if wantsRevocation {
            // What an earlier sign-in has replaced, and could not be revoked, by now or before now.
            _ = await revocation?.value
            revocations += revokeUnrevoked()
        }
        for revocation in revocations {
            guard let failure = await revocation.value else { continue }
            isRevoked = false
            reasons.append(failure.message)
        }
        if wantsRevocation, let unread {
            reasons.append("The refresh token could not be read to revoke it. \(unread.message)")
        }
        // Not before: a secret that is locked away in the keyring by now could not be had again to revoke with.
        keepTenantIfNeeded()
        parts.log.info("Signed out.", metadata: metadata)
        return Logout.Response(
            revoked: isRevoked, deleted: !isUnsaved && !cannotLook,
            reason: reasons.isEmpty ? nil : reasons.joined(separator: " "))
    }

    /// Tells the tenant that a refresh token will not be used any more; the result says why that failed.
    @discardableResult
    func revoke(_ refreshToken: Secret) -> Task<AgentError?, Never> {
        inTurn { account throws(AgentError) in
            try await account.tell(try await account.tenant().api, toRevoke: refreshToken)
        }
    }

    /// Checks that a sign-in could be saved before a code is sent for it. It may replace a record that is damaged.
    func checkWritable() async throws(AgentError) {
        do {
            try await loadOrThrow()
        } catch {
            guard error.data.cause == "corrupt" else { throw error }
        }
        do throws(SecretStoreError) {
            _ = await store.state(mayStart: true)
            try await store.checkWritable(item.collection)
        } catch {
            throw AgentError(error, profile: profile.name)
        }
    }

    /// Ends the account's work, when the agent ends or the profile is gone: what is under way is finished and saved, nothing is begun.
    ///
    /// - Returns: whether nothing is lost with it.
    @discardableResult
    func finish() async -> Bool {
        isStopping = true
        flight?.nudge.nudge()
        await flight?.task.value
        _ = await proving?.task.value
        await save()
        _ = await revocation?.value
        failWaiters(with: .unknownProfile(profile.name))
        return !holdsAlone
    }

    @discardableResult
    func beginEpoch() -> Int {
        epoch += 1
        // A request under way is left to end, so that a token it brings can be revoked; a pause is not.
        flight?.nudge.nudge()
        flight = nil
        proving = nil
        isSigningIn = false
        refreshError = nil
        attemptError = nil
        doubtSince = nil
        forgetSecondFactor()
        factorAccesses = []
        rejected = []
        lastDemand = .distantPast
        further = FurtherTokens()
        foreign = [:]
        warnedOfEnd = nil
        tenantPause = .distantPast
        aheadNotBefore = .distantPast
        aheadBackoff = Self.newAheadBackoff
        return epoch
    }
}
