import PosternProtocol
import OutsideInput

extension Account {
    /// - Parameter sub: the tenant's identifier of who has just proven to be somebody, as the tenant wrote it.
    /// - Throws: 1014 if somebody else is signed in and that sign-in can still be used: who wants to change signs out first. In `login_required` and
    ///   signed out anybody may sign in.
    func checkPerson(_ sub: String) throws(AgentError) {
        guard let credentials = served.credentials, !credentials.account.sub.isSame(as: sub) else { return }
        let hasToken = credentials.token.map { $0.secondsLeft(at: now) > 0 } ?? false
        guard credentials.refusal == nil, credentials.refreshToken != nil || hasToken else { return }
        throw .otherPerson(profile: profile.name)
    }

    /// - Throws: 1014 if the address that a login was begun for is not the one that is configured by now.
    func checkAddress(_ target: LoginTarget) throws(AgentError) {
        guard target.isAllowed(by: profile) else { throw .otherAddress(profile: profile.name) }
    }
}

extension AgentError {
    static func otherPerson(profile: String) -> AgentError {
        AgentError(.denied, "Somebody else signed in than profile \(profile) is signed in as.") { data in
            data.profile = profile
            data.cause = "other_person"
            data.hint = "To sign in as another person, sign out first by 'postern logout \(profile)'."
        }
    }

    static func otherAddress(profile: String) -> AgentError {
        AgentError(.denied, "Profile \(profile) is for another address or connection: nobody else can sign in to it.") {
            data in
            data.profile = profile
            data.cause = "address"
            data.hint = "Leave the address out, or change username and connection of the profile."
        }
    }
}
