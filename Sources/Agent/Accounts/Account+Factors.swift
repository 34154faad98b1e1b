import Auth0
import FoundationEssentials
import PosternProtocol
import OutsideInput

extension Account {
    /// An access token of the MFA API, which serves whoever completed the sign-in for it.
    struct FactorAccess: Sendable {
        /// Seconds, whatever the tenant says.
        static let longestLifetime = 600

        let token: Secret
        /// Whose factors they are.
        let sub: String
        /// Who completed the sign-in.
        let peer: Peer
        /// Whom it was sent to, for what else is sent by it.
        let recipient: CodeBudget.Recipient
        let expiresAt: UnixTime

        fileprivate func isGood(at now: UnixTime) -> Bool { expiresAt - now > 10 }
    }

    /// The access to the person's factors that a sign-in has brought and that serves this caller; nil if there is none, or it is about to expire.
    func factorAccess(of peer: Peer) -> FactorAccess? {
        forgetOldFactorAccesses()
        return factorAccesses.last {
            peer.isServed(byProofOf: $0.peer) && $0.sub.isSame(as: served.credentials?.account.sub ?? "")
        }
    }

    func addFactorAccess(_ access: FactorAccess) {
        forgetOldFactorAccesses()
        factorAccesses.removeAll { $0.peer == access.peer }
        factorAccesses.append(access)
    }

    /// The tenant does not take it any more.
    func dropFactorAccess(of peer: Peer) {
        factorAccesses.removeAll { peer.isServed(byProofOf: $0.peer) }
    }

    private func forgetOldFactorAccesses() {
        factorAccesses.removeAll { !$0.isGood(at: now.unixTime) }
    }

    /// Whose factors are managed.
    ///
    /// - Throws: 1001 if nobody is signed in, and why if that is not known.
    func signedInPerson() async throws(AgentError) -> PosternProtocol.Account {
        try await loadOrThrow()
        guard let credentials = served.credentials else {
            throw loginRequired(by: nil) ?? .loginRequired("never", profile: profile.name)
        }
        return credentials.account
    }
}
