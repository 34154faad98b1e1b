import Foundation

/// The passwordless OTP grant: a code for tokens.
extension DevTenant {
    func redeemCode(_ parameters: Parameters, client: Client, flaw: IDTokenFlaw?) throws -> Answer {
        guard let username = parameters["username"] else { throw Self.missing("username") }
        guard let otp = parameters["otp"] else { throw Self.missing("otp") }
        guard let realm = parameters["realm"] else { throw Self.missing("realm") }
        guard let connection = connections[realm], connection.strategy != .database else {
            throw Refusal.invalidRequest("the connection was not found")
        }
        guard connection.isEnabled, client.connections.contains(realm) else {
            throw Refusal.invalidRequest("the connection was disabled")
        }
        let user = try user(with: username, in: connection, code: otp)
        let authorization = try authorize(
            user, client: client, audience: parameters["audience"] ?? parameters["resource"],
            scope: parameters["scope"])
        if demandsMFA(of: user, audience: authorization.audience) {
            throw mfaRequired(of: user, clientID: client.id, for: .signIn(authorization))
        }
        return try .json(200, .object(firstTokens(authorization, client: client, flaw: flaw)))
    }

    /// The person whose code this is, signed up by it if need be.
    func user(with username: String, in connection: Connection, code: String) throws -> User {
        let wrong = Refusal.invalidGrant(
            connection.strategy == .sms
                ? "Wrong phone number or verification code." : "Wrong email or verification code.")
        guard let address = Address(username, in: connection), let user = users.find(address) else { throw wrong }
        guard user.failures < options.bruteForceLimit else { throw Refusal.tooManyAttempts }
        let verdict = codes.redeem(code, of: address, now: now)
        guard verdict == .right else {
            users.update(user.id) { $0.failures += 1 }
            switch verdict {
            case .exhausted:
                throw Refusal.invalidGrant(
                    "You've reached the maximum number of attempts. Please try to login again.")
            case .expired:
                throw Refusal.invalidGrant("The verification code has expired. Please try to login again.")
            case .wrong, .right: throw wrong
            }
        }
        users.update(user.id) {
            $0.failures = 0
            $0.hasSignedUp = true
        }
        try refuseIfUnwelcome(user)
        return user
    }

    /// Blocks and post-login Actions are looked at on every login and every refresh.
    func refuseIfUnwelcome(_ user: User) throws {
        if user.isBlocked { throw Refusal.userIsBlocked }
        if let denial = user.denial { throw Refusal(403, "access_denied", denial) }
    }

    /// What the person now allows: scopes that neither OpenID Connect nor the API know are dropped without a word.
    func authorize(_ user: User, client: Client, audience: String?, scope: String?) throws -> Authorization {
        let audience = audience ?? options.defaultAudience
        if let audience, api(audience) == nil {
            throw Refusal(403, "access_denied", "Service not found: \(audience)")
        }
        let known = Scopes.openID.union(audience.flatMap { api($0)?.scopes } ?? [])
        return Authorization(
            clientID: client.id, userID: user.id, audience: audience,
            scopes: Scopes.list(scope).filter(known.contains), authenticated: now)
    }
}
