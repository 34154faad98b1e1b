import Auth0
import FoundationEssentials
import KeyringProtocol
import Logging
import PosternProtocol

extension Account {
    static var newSaveBackoff: Backoff { Backoff(cap: .seconds(60)) }

    /// While the keyring is locked it is looked at this often: an unlock of gnome-keyring over its control socket sends no signal.
    static let lockedPoll = Duration.seconds(5)

    /// Reads the keyring once, whoever asks. A failure is remembered in `served`; the next call tries again.
    func load() async {
        guard case .unknown = served else { return }
        if let loading { return await loading.value }
        let task = Task { await readRecord() }
        loading = task
        await task.value
        loading = nil
        parts.deadlines.nudge()
    }

    func loadOrThrow() async throws(AgentError) {
        await load()
        if case .unknown(let error?) = served { throw error }
    }

    private func readRecord() async {
        guard !parts.notes.exists(for: profile.name) else {
            // Signed out while the keyring could not be reached: the item is still to be deleted and must not be used.
            served = .signedOut
            keep(nil)
            await save()
            return
        }
        let epoch = epoch
        do {
            let json = try await store.load(item)
            guard epoch == self.epoch else { return }
            guard let json else {
                served = .signedOut
                return
            }
            let credentials = try Credentials(json: json)
            guard credentials.binding == Credentials.Binding(profile) else {
                parts.log.notice("The keyring's record belongs to other settings and is not used.", metadata: metadata)
                served = .signedOut
                return
            }
            isInDoubt = credentials.refreshingSince != nil
            record = credentials
            served = .signedIn(credentials)
            drawJitter()
        } catch let error as SecretStoreError {
            served = .unknown(AgentError(error, profile: profile.name))
        } catch let error as Credentials.Unreadable {
            served = .unknown(AgentError(error, profile: profile.name))
        } catch {
            served = .unknown(AgentError(.internalError, "The keyring's record could not be read."))
        }
    }

    /// Says what the keyring shall hold from now on; nil is nothing at all. ``save()`` makes it so.
    func keep(_ credentials: Credentials?) {
        record = credentials
        isUnsaved = true
    }

    /// Brings the keyring to `record`; if it fails, it is tried again until it succeeds.
    ///
    /// One write at a time, always of the newest record, so an older one can never replace a newer.
    @discardableResult
    func save() async -> SecretStoreError? {
        while let writing { await writing.value }
        guard isUnsaved else { return nil }
        let task = Task { await writeRecord() }
        writing = task
        await task.value
        return saveError
    }

    private func writeRecord() async {
        defer { writing = nil }
        let written = record
        do {
            if let written {
                guard let json = try? written.json() else {  // strings and numbers alone: cannot fail
                    throw SecretStoreError.failing("the record cannot be written as JSON")
                }
                try await store.save(json, as: item)
            } else {
                try await store.delete(item)
            }
            parts.counters.count(.saves)
            if written == record {
                isUnsaved = false
                if written == nil { parts.notes.remove(for: profile.name) }
            }
            saveError = nil
            nextSave = nil
            saveBackoff = Self.newSaveBackoff
        } catch {
            parts.counters.count(.saveFailures)
            let failure = error as? SecretStoreError ?? .failing("unknown error")
            saveError = failure
            nextSave = now + (failure == .locked ? Self.lockedPoll : saveBackoff.next())
            parts.log.warning("The keyring did not take the record: \(failure)", metadata: metadata)
        }
        parts.deadlines.nudge()
    }

    /// Takes over a sign-in that has just succeeded, and revokes the refresh token it replaces.
    func signIn(_ credentials: Credentials) async {
        let replaced = (record ?? served.credentials)?.refreshToken
        beginEpoch()
        keep(credentials)
        parts.notes.remove(for: profile.name)
        await save()
        guard record == credentials else { return }  // signed out or in again meanwhile
        served = .signedIn(credentials)
        drawJitter()
        parts.counters.count(.signIns)
        answerWaiters()
        parts.deadlines.nudge()
        if let replaced, replaced != credentials.refreshToken {
            revokeInBackground(replaced)
        }
    }

    /// Signs out: nothing of the old sign-in is served from the first line on.
    func logout(revoke: Bool) async -> Logout.Response {
        if case .unknown = served { await load() }
        let refreshToken = (record ?? served.credentials)?.refreshToken
        let unread: AgentError? = if case .unknown(let error) = served { error } else { nil }
        beginEpoch()
        served = .signedOut
        keep(nil)
        failWaiters(with: .loginRequired("never", profile: profile.name))
        var reasons: [String] = []
        do {
            if profile.persist != .memory { try parts.notes.write(for: profile.name) }
        } catch {
            reasons.append("The note of the sign-out could not be written.")
        }
        if let error = await save() {
            reasons.append(AgentError(error, profile: profile.name).message)
        }
        var revoked = false
        if revoke, let refreshToken {
            do {
                try await tenant().api.revoke(refreshToken)
                revoked = true
            } catch let error as Auth0Error {
                reasons.append(AgentError(error, profile: profile.name).message)
            } catch {
                reasons.append((error as? AgentError)?.message ?? "The tenant could not be told.")
            }
        } else if revoke, let unread {
            reasons.append("The refresh token could not be read to revoke it. \(unread.message)")
        } else if revoke {
            revoked = true
        }
        parts.log.info("Signed out.", metadata: metadata)
        return Logout.Response(
            revoked: revoked, deleted: !isUnsaved, reason: reasons.isEmpty ? nil : reasons.joined(separator: " "))
    }

    /// Checks that a sign-in could be saved before a code is sent for it.
    func checkWritable() async throws(AgentError) {
        if case .unknown = served { await load() }
        if case .unknown(let error?) = served { throw error }
        do throws(SecretStoreError) {
            try await store.checkWritable(item.collection)
        } catch {
            throw AgentError(error, profile: profile.name)
        }
    }

    func revokeInBackground(_ refreshToken: Secret) {
        Task {
            // Best effort: the tenant ends it at its lifetime anyway, and nobody waits for the answer.
            try? await tenant().api.revoke(refreshToken)
        }
    }

    private func beginEpoch() {
        epoch += 1
        // A request under way is left to end, so that a token it brings can be revoked.
        flight = nil
        mayHurryFrom = nil
        refreshError = nil
        isInDoubt = false
        needsSecondFactor = false
        rejected = []
        aheadNotBefore = .distantPast
        aheadBackoff = Backoff(base: .seconds(5))
    }

    var metadata: [String: Logger.MetadataValue] { ["profile": "\(profile.name)"] }
}
