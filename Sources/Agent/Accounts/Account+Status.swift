import Auth0
import FoundationEssentials
import PosternProtocol

extension Account {
    func status(keyring: KeyringState) async -> ProfileStatus {
        let session = await shownSession
        var status = ProfileStatus(
            name: profile.name, issuer: profile.issuer.description, state: state(keyring: keyring),
            persist: profile.persist.rawValue,
            saved: isRefreshTokenSaved)
        status.audience = profile.audience
        status.session = session
        let credentials = served.credentials
        let token = credentials?.token
        status.account = credentials?.account.shown
        status.scope = token?.scope
        status.accessExpiresAt = token.map { wallTime($0.expiresAt) }
        // While a second factor is wanted nothing is refreshed by itself.
        status.refreshDueAt = needsSecondFactor ? nil : refreshDue.map(parts.clock.wallTime)
        status.loginEndsAt = loginEnd.map(parts.clock.wallTime)
        if case .unknown(let error) = served {
            status.lastError = error
        } else if let refreshError {
            status.lastError = refreshError
        } else if isUnsaved, let saveError {
            status.lastError = AgentError(saveError, profile: profile.name)
        } else if credentials?.refusal != nil || credentials == nil && (hasOtherSignIns || hasEnded) {
            status.lastError = loginRequired(by: credentials)
        }
        return status
    }

    /// Whether the keyring has the newest refresh token, or after a sign-out none. Of the rest of a record, nothing is lost with it.
    var isRefreshTokenSaved: Bool {
        guard isUnsaved else { return true }
        guard let record else { return false }
        // That a refresh token was refused must reach a keyring that may still have it.
        if !isKeyringKnown, record.refusal != nil { return false }
        return record.refreshToken == savedRefreshToken
    }

    private func state(keyring: KeyringState) -> ProfileStatus.State {
        if isSignInRequired { return .loginRequired }
        guard served.credentials != nil else {
            if case .signedOut = served { return .signedOut }
            return keyring == .locked && profile.persist != .memory ? .locked : .signedOut
        }
        if needsSecondFactor { return .mfaRequired }
        if refreshError?.code == .offline { return .offline }
        return flight == nil ? .signedIn : .refreshing
    }

    /// A time that is kept as the wall clock tells it.
    func wallTime(_ time: Int) -> UnixTime {
        parts.clock.wallTime(of: Date(unixTime: time))
    }

    var isSignedIn: Bool { served.credentials?.refreshToken != nil }
}
