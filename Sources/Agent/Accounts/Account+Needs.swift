import FoundationEssentials
import PosternProtocol

extension Account {
    /// What the profile needs its person for now.
    private var needs: [PersonNeed] {
        var needs: [PersonNeed] = []
        if isSignInRequired {
            let isTheft = served.credentials?.refusal == .reuseSuspected
            let cause = loginRequired(by: served.credentials)?.data.cause
            if isTheft {
                needs.append(.suspectedTheft)
            } else if loginsUnderWay.isEmpty {
                needs.append(.signIn(reason: cause ?? ""))
            }
        } else if needsSecondFactor {
            needs.append(.secondFactor)
        }
        // What is gone with a sign-out is not missed.
        if record?.refreshToken != nil, !isRefreshTokenSaved { needs.append(.unsaved) }
        if let warnedOfEnd, let end = loginEnd, end > now, end.timeIntervalSince(now) <= TimeInterval(warnedOfEnd) {
            needs.append(.ending(within: warnedOfEnd))
        }
        return needs
    }

    /// Whoever has begun a login asks the person already, so that nothing else need tell them of it.
    func login(_ id: String, isUnderWay: Bool) {
        if isUnderWay { loginsUnderWay.insert(id) } else { loginsUnderWay.remove(id) }
        parts.deadlines.moved(of: self)
    }

    /// Has the desktop tell the person what the profile needs.
    func tellNeeds() {
        // Its successor tells what that needs.
        guard !isStopping else { return }
        parts.notices.set(needs, of: profile.name, at: now)
    }

    /// Whether nothing more can be had without a sign-in, though there was one: for status, `login_required`.
    var isSignInRequired: Bool {
        guard let credentials = served.credentials else {
            if case .signedOut = served { return hasOtherSignIns || hasEnded }
            return false
        }
        let isAlive = credentials.token.map { $0.secondsLeft(at: now) > 0 } ?? false
        return credentials.refusal != nil || credentials.refreshToken == nil && !isAlive
    }

    /// When a sign-in is over that cannot be refreshed; nil if it can, or is over.
    var unrefreshableEnd: Date? {
        guard let credentials = served.credentials, credentials.refusal == nil, credentials.refreshToken == nil,
            let token = credentials.token, token.secondsLeft(at: now) > 0
        else { return nil }
        return Date(unixTime: token.expiresAt)
    }
}
