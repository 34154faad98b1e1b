/// One profile as `agent.status` and `profile.list` show it.
package struct ProfileStatus: Codable, Equatable, Sendable {
    /// The first of these that holds, in this order.
    package enum State: String, Codable, Sendable {
        case loginRequired = "login_required"
        case mfaRequired = "mfa_required"
        /// The keyring is locked and nothing is in memory.
        case locked
        case offline
        case refreshing
        case signedIn = "signed_in"
        case signedOut = "signed_out"
    }

    package var name: String
    package var issuer: String
    package var state: State
    /// Whether it is used when a request names none.
    package var isDefault: Bool?
    /// The configured address, which an edited file may make another than the account's.
    package var username: String?
    package var account: Account?
    package var audience: String?
    package var scope: String?
    package var accessExpiresAt: UnixTime?
    package var refreshDueAt: UnixTime?
    package var loginEndsAt: UnixTime?
    package var persist: String
    /// False while a newer refresh token is held in memory than the keyring has.
    package var saved: Bool
    package var lastError: AgentError?
    /// The desktop session that this profile has to do with: by `persist = session`, whose end is the tokens' end, or by `lock = screen`.
    package var session: DesktopSession?

    package init(name: String, issuer: String, state: State, persist: String, saved: Bool) {
        self.name = name
        self.issuer = issuer
        self.state = state
        self.persist = persist
        self.saved = saved
    }

    private enum CodingKeys: String, CodingKey {
        case name, issuer, state
        case isDefault = "default"
        case username, account, audience, scope
        case accessExpiresAt = "access_expires_at"
        case refreshDueAt = "refresh_due_at"
        case loginEndsAt = "login_ends_at"
        case persist, saved
        case lastError = "last_error"
        case session
    }
}
