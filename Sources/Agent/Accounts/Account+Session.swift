import Logging
import PosternProtocol

// A sign-in that ends with the desktop session (`persist = session`).

extension Account {
    /// Ends the sign-in if the session is over in which the person signed in.
    ///
    /// - Parameter wasLast: the person has no session any more; who signed in without one is signed out then.
    func sessionsChanged(wasLast: Bool) async {
        await revokeOtherEnded()
        guard profile.persist == .session, let credentials = record ?? served.credentials,
            let mark = credentials.session
        else { return }
        var isOver = wasLast && mark.id.isEmpty
        if !isOver { isOver = await parts.desktop.hasEnded(mark, since: credentials.signedInAt) }
        guard isOver, (record ?? served.credentials)?.session == mark else { return }
        parts.log.notice("The desktop session has ended, and the sign-in with it.", metadata: metadata)
        let ended = takeAllSignIns().filter { $0.refreshToken != nil }
        beginEpoch()
        failWaiters(with: .loginRequired("expired", profile: profile.name))
        drop(ended)
        parts.events.publish(.loginRequired, profile: profile.name) { $0.cause = "expired" }
    }

    /// Revokes what would be used if the profile's settings were put back, where its session is over. The record that it may have in the keyring is dropped
    /// when it is found.
    private func revokeOtherEnded() async {
        for credentials in former + handedOver {
            guard let mark = credentials.session,
                await parts.desktop.hasEnded(mark, since: credentials.signedInAt),
                (former + handedOver).contains(where: { $0.refreshToken == credentials.refreshToken })
            else { continue }
            former.removeAll { $0.refreshToken == credentials.refreshToken }
            handedOver.removeAll { $0.refreshToken == credentials.refreshToken }
            if case .signedOut = served { hasEnded = true }
            _ = revokeWhereIssued(credentials, isReplaced: true)
            parts.deadlines.moved(of: self)
        }
    }

    /// The session that a record is of which says none, as of an earlier program, or of another `persist`: that of now, at the latest the person's last.
    func mark(of credentials: Credentials) async -> SessionMark? {
        guard profile.persist == .session else { return nil }
        if let mark = credentials.session { return mark }
        return await parts.desktop.mark
    }

    /// Drops a record that was found, whose session ended while no agent was there to see it.
    ///
    /// - Returns: whether it has.
    func dropIfSessionIsOver(_ credentials: Credentials) async -> Bool {
        let epoch = epoch
        guard profile.persist == .session, let mark = credentials.session,
            await parts.desktop.hasEnded(mark, since: credentials.signedInAt), epoch == self.epoch
        else { return false }
        parts.log.notice("The record's desktop session is over, and the sign-in with it.", metadata: metadata)
        drop(credentials.refreshToken == nil ? [] : [credentials])
        return true
    }

    /// Nothing of them is served from the first line on. Nobody waits for the keyring, which may end with the session: meanwhile other sign-ins would be
    /// served on, and nobody would hear of the screen.
    private func drop(_ ended: [Credentials]) {
        served = .signedOut
        hasEnded = true
        // What could not be noted comes back with a keyring that cannot be reached now, and is dropped then.
        try? parts.notes.write(for: item)
        keep(nil)
        // At once, because the agent may end with the session as well.
        for credentials in ended { _ = revokeWhereIssued(credentials, isReplaced: true) }
        Task {
            await save()
            // A client's secret could perhaps not be had again to revoke with.
            _ = await revocation?.value
            keepTenantIfNeeded()
        }
        parts.deadlines.moved(of: self)
    }

    /// Notes that somebody is signed in. After a reboot the session collection is empty, which does not mean that they signed out.
    func noteSignIn(_ isSignedIn: Bool) {
        hasEnded = false
        for item in otherItems + [item] {
            if isSignedIn, profile.persist == .session, item == self.item {
                // Without it a later process takes the profile for one that nobody signed in to.
                try? parts.signIns.write(for: item)
            } else {
                parts.signIns.remove(for: item)
            }
        }
    }

    /// Whether somebody was signed in, where nothing is found any more.
    var isNotedSignedIn: Bool { profile.persist == .session && parts.signIns.exists(for: item) }

    /// The session that the profile has to do with, as the status shows it.
    var shownSession: DesktopSession? {
        get async {
            guard profile.persist == .session || profile.lock == .screen else { return nil }
            let current = await parts.desktop.session
            guard profile.persist == .session, let credentials = served.credentials, let mark = credentials.session,
                !mark.id.isEmpty, mark.id != current.id
            else { return current }
            let hasEnded = await parts.desktop.hasEnded(mark, since: credentials.signedInAt)
            return DesktopSession(id: mark.id, state: hasEnded ? .none : .active)
        }
    }
}
