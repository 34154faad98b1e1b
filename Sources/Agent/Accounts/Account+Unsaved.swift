import Auth0
import FoundationEssentials
import Logging
import PosternProtocol

extension Account {
    /// Has the service manager keep the record for as long as the keyring lacks its refresh token. What the keyring has is never kept there.
    func keepUnsavedRecord() {
        guard profile.persist != .memory else { return }
        parts.unsaved.set(isRefreshTokenSaved ? nil : record, of: profile.name, at: parts.clock)
    }

    /// Takes the record that an earlier process left with the service manager, because the keyring had not taken it: it is newer than the keyring's.
    ///
    /// - Returns: whether there was one that is this profile's sign-in, or may be.
    func takeUnsavedRecord() async -> Bool {
        guard let json = parts.unsaved.inherited(of: profile.name) else { return false }
        var credentials: Credentials
        do {
            credentials = try Credentials(json: json.revealed, at: parts.clock)
        } catch {
            if case .newerVersion = error {
                // The newer program will want it, and the refresh token of the keyring's record is spent.
                served = .unknown(AgentError(error, profile: profile.name))
                return true
            }
            parts.log.warning("A record that the service manager kept is damaged and is not used.", metadata: metadata)
            parts.unsaved.dropInherited(of: profile.name)
            return await takeUnsavedRecord()
        }
        guard profile.persist != .memory else {
            addFormer(credentials)
            parts.unsaved.set(nil, of: profile.name, at: parts.clock)
            return false
        }
        guard credentials.binding.permits(profile), profile.persist == .session || credentials.session == nil else {
            // The settings may be put back.
            parts.log.notice("The unsaved record belongs to other settings and is not used.", metadata: metadata)
            addFormer(credentials)
            return false
        }
        let epoch = epoch
        if await dropIfSessionIsOver(credentials) { return true }
        credentials.session = await mark(of: credentials)
        guard epoch == self.epoch else { return true }
        parts.log.notice(
            "Taken from the service manager: a sign-in that the keyring has not saved yet.", metadata: metadata)
        goOn(with: credentials)
        return true
    }

    /// Goes on with what the predecessor could not save, if the profile has come to mean the same sign-in again: it is newer than the keyring's.
    ///
    /// - Returns: whether that is so, or the epoch has changed meanwhile.
    func takePredecessorsRecord(_ epoch: Int) async -> Bool {
        guard let credentials = await predecessor?.heldRecord else { return false }
        guard credentials.binding.permits(profile) else {
            if epoch == self.epoch { addFormer(credentials) }
            return false
        }
        if epoch == self.epoch { goOn(with: credentials) }
        return true
    }

    private func goOn(with unsaved: Credentials) {
        var unsaved = unsaved
        unsaved.binding = unsaved.binding.noting(profile)
        doubtSince = unsaved.refreshingSince
        keep(unsaved)
        nextSave = now
        served = .signedIn(unsaved)
        drawJitter()
    }

    /// Says what becomes of a refresh token that the keyring has not taken, as the agent ends.
    func warnOfUnsavedRecord() {
        guard record != nil, !isRefreshTokenSaved, profile.persist != .memory else { return }
        if parts.unsaved.isKept(of: profile.name) {
            parts.log.warning(
                "The newest refresh token is not in the keyring; systemd was given it to keep while the service restarts, until it is stopped.",
                metadata: metadata)
        } else {
            parts.log.error(
                "The newest refresh token is not in the keyring and is lost with this process; sign in anew.",
                metadata: metadata)
        }
    }
}
