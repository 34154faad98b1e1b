import HTTPTypes

/// `GET` or `POST /userinfo`: the claims of whoever an access token with the `openid` scope belongs to.
extension DevTenant {
    func userinfo(_ call: Call) -> Answer {
        guard let token = call.bearerToken, let grant = accessTokens.find(token, now: now),
            grant.scopes.contains("openid"), let user = users[grant.authorization.userID]
        else { return .text(401, "Unauthorized") }
        return .json(200, .object(user.claims(for: grant.scopes)), charset: true)
    }
}
