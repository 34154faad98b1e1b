import Auth0
import FoundationEssentials
import PosternProtocol

extension Account {
    /// An access token of the MFA API, and until when it is good: ten minutes from its issue.
    struct FactorAccess: Sendable {
        let token: Secret
        /// Whose factors they are.
        let sub: String
        let expiresAt: UnixTime
    }

    /// The access to the person's factors that a sign-in has brought; nil if there is none, or it is about to expire.
    var currentFactorAccess: FactorAccess? {
        guard let factorAccess, factorAccess.expiresAt - now.unixTime > 10,
            factorAccess.sub == served.credentials?.account.sub
        else { return nil }
        return factorAccess
    }

    func setFactorAccess(_ access: FactorAccess?) {
        factorAccess = access
    }

    /// Whose factors are managed.
    ///
    /// - Throws: 1001 if nobody is signed in, and why if that is not known.
    func signedInPerson() async throws(AgentError) -> PosternProtocol.Account {
        try await loadOrThrow()
        guard let credentials = served.credentials else { throw .loginRequired("never", profile: profile.name) }
        return credentials.account
    }
}
