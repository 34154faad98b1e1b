import Foundation

/// How a session is found, and what it brings once the factor is proven.
extension DevTenant {
    var expiredMFAToken: Refusal { Refusal(options.mfa.expiredStatus, "expired_token", "mfa_token is expired") }

    /// The session and the person of the `mfa_token` among the parameters.
    ///
    /// - Parameter spent: the refusal of a token that has brought its tokens already.
    func mfaSession(
        _ parameters: Parameters, client: Client, spent: Refusal = .malformedMFAToken
    ) throws -> (session: MFASession, user: User) {
        guard let token = parameters["mfa_token"] else { throw Self.missing("mfa_token") }
        guard let session = mfaSessions[token], let user = users[session.userID] else {
            throw Refusal.malformedMFAToken
        }
        guard session.clientID == client.id else { throw Refusal.foreignMFAToken }
        if session.isSpent { throw spent }
        guard now < session.expires else { throw expiredMFAToken }
        return (session, user)
    }

    /// The session and the person of a bearer: an `mfa_token`, or an access token for the MFA API with `scope`.
    func mfaBearer(_ call: Call, scope: String) throws -> (session: MFASession, user: User) {
        guard let token = call.bearerToken else { throw Refusal.noBearer }
        if let grant = accessTokens.find(token, now: now), grant.audience == mfaAudience,
            let user = users[grant.authorization.userID]
        {
            guard grant.scopes.contains(scope) else { throw Refusal.insufficientScope(scope) }
            let authorization = Authorization(
                clientID: grant.authorization.clientID, userID: user.id, audience: mfaAudience,
                scopes: grant.scopes.sorted(), authenticated: grant.authorization.authenticated)
            let session = mfaSessions[token]
            return (
                session
                    ?? openSession(
                        token, clientID: authorization.clientID, userID: user.id, purpose: .management(authorization),
                        expires: grant.expires), user
            )
        }
        guard let session = mfaSessions[token], !session.isManagement, !session.isSpent,
            let user = users[session.userID]
        else { throw Refusal.invalidBearer }
        guard now < session.expires else { throw expiredMFAToken }
        return (session, user)
    }

    /// The tokens that the original request asked for. The `mfa_token` has done its work then; an access token that
    /// stood in for it lives on.
    func finish(_ session: MFASession, client: Client, flaw: IDTokenFlaw?) throws -> [String: JSON] {
        guard let user = users[session.userID] else { throw Refusal.malformedMFAToken }
        try refuseIfUnwelcome(user)
        if let denial = user.challengeDenial { throw Refusal(403, "access_denied", denial) }
        let body =
            switch session.purpose {
            case .signIn(let authorization):
                try firstTokens(authorization, client: client, flaw: flaw)
            case .refresh(let token, let audience, let scope):
                try refreshed(
                    token, audience: audience, scope: scope, client: client, isProven: true, flaw: flaw)
            case .management(let authorization):
                try tokens(
                    authorization, user: user, audience: authorization.audience, scopes: authorization.scopes,
                    flaw: flaw)
            }
        challenges.removeAll(of: session.token)
        if !session.isManagement { mfaSessions[session.token]?.isSpent = true }
        return body
    }

    /// Counts against one of a person's limits.
    func count(_ limit: WritableKeyPath<MFALimits, RateLimit>, of user: User) -> RateLimit.State {
        mfaLimits[user.id, default: MFALimits()][keyPath: limit].take(now: now)
    }

    /// Refuses any try, a right one too, while too many wrong ones weigh on the person.
    func refuseIfExhausted(_ limit: WritableKeyPath<MFALimits, RateLimit>, of user: User) throws {
        if mfaLimits[user.id, default: MFALimits()][keyPath: limit].isEmpty(now: now) {
            throw Refusal.tooManyFailedCodes
        }
    }
}
