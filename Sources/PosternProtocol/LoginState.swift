/// Where a sign-in stands and what it waits for: the answer to every `login.*` call.
package struct LoginState: Codable, Equatable, Sendable {
    package var loginID: String
    package var profile: String
    /// Grows by one with every change, so that `login.wait` can tell whether anything happened.
    package var revision: Int
    /// When the login itself ends if nobody finishes it.
    package var expiresAt: UnixTime
    package var step: LoginStep

    package init(loginID: String, profile: String, revision: Int, expiresAt: UnixTime, step: LoginStep) {
        self.loginID = loginID
        self.profile = profile
        self.revision = revision
        self.expiresAt = expiresAt
        self.step = step
    }

    private enum CodingKeys: String, CodingKey {
        case loginID = "login_id"
        case profile, revision
        case expiresAt = "expires_at"
        case step
    }
}
