import Logging
import PosternProtocol

// A sign-in that ends with the desktop session (`persist = session`).

extension Account {
    /// Ends the sign-in if the session is over in which the person signed in.
    ///
    /// - Parameter wasLast: the person has no session any more; who signed in without one is signed out then.
    func sessionsChanged(wasLast: Bool) async {
        guard profile.persist == .session, let mark = (record ?? served.credentials)?.session else { return }
        let isOver = if mark.id.isEmpty { wasLast } else { await parts.desktop.hasEnded(mark) }
        guard isOver, (record ?? served.credentials)?.session == mark else { return }
        parts.log.notice("The desktop session has ended, and the sign-in with it.", metadata: metadata)
        let ended = takeAllSignIns().filter { $0.refreshToken != nil }
        beginEpoch()
        failWaiters(with: .loginRequired("expired", profile: profile.name))
        await drop(ended)
        parts.events.publish(.loginRequired, profile: profile.name) { $0.cause = "expired" }
    }

    /// Drops a record that was found, whose session ended while no agent was there to see it.
    ///
    /// - Returns: whether it has.
    func dropIfSessionIsOver(_ credentials: Credentials) async -> Bool {
        guard profile.persist == .session, let mark = credentials.session, await parts.desktop.hasEnded(mark) else {
            return false
        }
        parts.log.notice("The record's desktop session is over, and the sign-in with it.", metadata: metadata)
        await drop(credentials.refreshToken == nil ? [] : [credentials])
        return true
    }

    /// Nothing of them is served from the first line on. The refresh tokens are revoked once the record is gone.
    private func drop(_ ended: [Credentials]) async {
        served = .signedOut
        hasEnded = true
        replaced += ended
        // What could not be noted comes back with a keyring that cannot be reached now, and is dropped then.
        try? parts.notes.write(for: item)
        keep(nil)
        await save()
        keepTenantIfNeeded()
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
            guard profile.persist == .session, let mark = served.credentials?.session, !mark.id.isEmpty,
                mark.id != current.id
            else { return current }
            return DesktopSession(id: mark.id, state: await parts.desktop.hasEnded(mark) ? .none : .active)
        }
    }
}
