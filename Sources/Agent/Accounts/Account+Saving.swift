import FoundationEssentials
import KeyringProtocol
import Logging
import PosternProtocol

extension Account {
    static var newSaveBackoff: Backoff { Backoff(cap: .seconds(60)) }
    static var newAheadBackoff: Backoff { Backoff(base: .seconds(5)) }
    /// No token is refreshed ahead of its expiry more often than this.
    static let aheadGap = Duration.seconds(2)

    /// While the keyring is locked it is looked at this often: an unlock of gnome-keyring over its control socket sends no signal.
    static let lockedPoll = Duration.seconds(5)
    /// A missing or failing keyring is looked for this often while nothing could be loaded from it.
    static let absentPoll = Duration.seconds(30)

    /// Reads the keyring once, whoever asks. A failure is remembered in `served`; the next call tries again.
    func load() async {
        guard case .unknown = served else { return }
        if let loading { return await loading.value }
        let task = Task { await readRecord() }
        loading = task
        await task.value
        loading = nil
        // What could not be loaded is tried again at the time that `wake()` names.
        if case .unknown = served { return }
        parts.deadlines.moved(of: self)
    }

    /// For a person's request, which unlike background work may have D-Bus start a provider.
    func loadOrThrow() async throws(AgentError) {
        if case .unknown = served { _ = await store.state(mayStart: true) }
        await load()
        if case .unknown(let error?) = served { throw error }
    }

    /// The keyring may have become usable: what waits for it is due now.
    func keyringChanged() {
        let isUnread = if case .unknown = served { true } else { false }
        let isUnrefreshed = refreshError.map { [.keyringLocked, .keyringUnavailable].contains($0.code) } ?? false
        guard isUnread || isUnrefreshed || nextSave != nil else { return }
        if isUnrefreshed { aheadNotBefore = .distantPast }
        if nextSave != nil {
            saveBackoff = Self.newSaveBackoff
            nextSave = now
        }
        parts.deadlines.moved(of: self)
    }

    private func readRecord() async {
        // A note is about the keyring.
        guard profile.persist == .memory || !parts.notes.exists(for: item) else {
            // Signed out while the keyring could not be reached: the item is still to be deleted and must not be used.
            served = .signedOut
            hasEnded = isNotedSignedIn
            keep(nil)
            await save()
            return
        }
        let epoch = epoch
        if await takePredecessorsRecord(epoch) { return }
        if await takeUnsavedRecord() { return }
        do {
            let json = try await store.load(item)
            guard epoch == self.epoch else { return }
            guard let json else {
                served = .signedOut
                hasEnded = isNotedSignedIn
                return
            }
            var credentials = try Credentials(json: json, at: parts.clock)
            guard credentials.binding.permits(profile) else {
                parts.log.notice("The keyring's record belongs to other settings and is not used.", metadata: metadata)
                addFormer(credentials)
                served = .signedOut
                return
            }
            if await dropIfSessionIsOver(credentials) { return }
            let mark = await mark(of: credentials)
            guard epoch == self.epoch else { return }
            let isNoted = credentials.binding.anchors != nil && credentials.session == mark
            credentials.session = mark
            credentials.binding = credentials.binding.noting(profile)
            doubtSince = credentials.refreshingSince
            record = credentials
            savedRefreshToken = credentials.refreshToken
            isKeyringKnown = true
            served = .signedIn(credentials)
            drawJitter()
            guard !isNoted else { return }
            // Until it is written, another process would bind it to whatever it found.
            keep(credentials)
            nextSave = now
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
        keepUnsavedRecord()
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
        await takeOverItem()
        let written = record
        do {
            if let written {
                let json: String
                do throws(Credentials.TooLong) {
                    json = try written.json(at: parts.clock)
                } catch {
                    throw SecretStoreError.failing("the tenant's refresh token is longer than it can keep")
                }
                try await store.save(json, as: item)
            } else {
                try await store.delete(item)
            }
            parts.counters.count(.saves)
            savedRefreshToken = written?.refreshToken
            isKeyringKnown = true
            isUnsaved = written != record
            keepUnsavedRecord()
            if !isUnsaved, profile.persist != .memory {
                // Whatever a sign-out left behind has been replaced or deleted.
                parts.notes.remove(for: item)
            }
            revokeReplaced()
            saveError = nil
            nextSave = isUnsaved ? now : nil
            saveBackoff = Self.newSaveBackoff
        } catch {
            parts.counters.count(.saveFailures)
            let failure = error as? SecretStoreError ?? .failing("unknown error")
            saveError = failure
            nextSave = now + (failure == .locked ? Self.lockedPoll : saveBackoff.next())
            parts.log.warning("The keyring did not take the record: \(failure)", metadata: metadata)
        }
        tellWhetherSaved()
        parts.deadlines.moved(of: self)
    }

    /// What the predecessor could not save must not come over what this account saves.
    private func takeOverItem() async {
        guard let predecessor else { return }
        await predecessor.giveUpSaving()
        self.predecessor = nil
        // One that saved at the last moment has had the service manager drop the record of that name, and a sign-out's note removed.
        keepUnsavedRecord()
        if record == nil { try? parts.notes.write(for: item) }  // unwritable: said when the person signed out
    }

    /// What they could not save is ended with the sign-in that it was of, and must not come back.
    ///
    /// - Returns: whether there were any.
    @discardableResult
    func endElders() async -> Bool {
        let elders = elders
        self.elders = []
        for elder in elders { await elder.giveUpSaving() }
        if profile.persist == .memory { parts.unsaved.set(nil, of: profile.name, at: parts.clock) }
        return !elders.isEmpty
    }

    private func giveUpSaving() async {
        while let writing { await writing.value }
        isUnsaved = false
        nextSave = nil
        // The successor has it, or revokes it.
        if profile.persist == .memory { record = nil }
        parts.deadlines.moved(of: self)
    }

    /// Subscribers are told when the keyring falls behind, and when it has caught up.
    private func tellWhetherSaved() {
        guard hasToldUnsaved == isRefreshTokenSaved else { return }
        hasToldUnsaved.toggle()
        parts.events.publish(hasToldUnsaved ? .unsaved : .saved, profile: profile.name)
    }

    var metadata: [String: Logger.MetadataValue] { ["profile": "\(profile.name)"] }
}
