import Foundation

/// The refresh token grant, rotating or not, for one API or several.
extension DevTenant {
    func refresh(_ parameters: Parameters, client: Client, flaw: IDTokenFlaw?) throws -> Answer {
        guard let token = parameters["refresh_token"] else { throw Self.missing("refresh_token") }
        return try .json(
            200,
            .object(
                refreshed(
                    token, audience: parameters["audience"], scope: parameters["scope"], client: client, flaw: flaw)))
    }

    /// The answer to a refresh; a token for which MFA is demanded stays as it was until `isProven`.
    func refreshed(
        _ token: String, audience asked: String?, scope: String?, client: Client, isProven: Bool = false,
        flaw: IDTokenFlaw?
    ) throws -> [String: JSON] {
        let policy = client.refreshTokens
        let family: RefreshTokens.Family
        switch refreshTokens.judge(token, clientID: client.id, policy: policy, now: now) {
        case .good(let good): family = good
        case .unknown: throw Refusal.unknownRefreshToken
        case .reused: throw Refusal.invalidGrant(options.reuseText)
        }
        let authorization = family.authorization
        guard let user = users[authorization.userID] else { throw Refusal.refreshTokenOfDeletedUser }
        try refuseIfUnwelcome(user)

        let audience = resource(asked, authorization, policy)
        if !isProven, demandsMFA(of: user, audience: audience, atRefresh: true) {
            throw mfaRequired(
                of: user, clientID: client.id, for: .refresh(token: token, audience: asked, scope: scope))
        }
        let granted = scopes(scope, audience: audience, authorization, policy)
        var body = try tokens(
            authorization, user: user, audience: audience, scopes: granted, flaw: flaw)
        if let successor = refreshTokens.exchange(token, policy: policy, now: now) {
            secrets.add(.refreshToken, successor)
            body["refresh_token"] = .string(successor)
        }
        return body
    }

    /// The audience asked for if a policy names it and such an API exists; otherwise the original one, without a word.
    private func resource(
        _ asked: String?, _ authorization: Authorization, _ policy: RefreshTokenPolicy
    ) -> String? {
        guard let asked, api(asked) != nil, policy.resources.contains(where: { $0.audience == asked }) else {
            return authorization.audience
        }
        return asked
    }

    /// The original scopes and those of the policies, as far as they fit the audience, cut down to what was asked for.
    private func scopes(
        _ asked: String?, audience: String?, _ authorization: Authorization, _ policy: RefreshTokenPolicy
    ) -> [String] {
        let apiScopes = audience.flatMap { api($0)?.scopes } ?? []
        let extra = policy.resources.filter { $0.audience == audience }.flatMap(\.scopes)
        let original = authorization.scopes.filter { scope in
            Scopes.openID.contains(scope) || audience == authorization.audience
        }
        let available = original + extra.filter { apiScopes.contains($0) && !original.contains($0) }
        guard let asked else { return available }
        return Scopes.list(asked).filter(available.contains)
    }
}
