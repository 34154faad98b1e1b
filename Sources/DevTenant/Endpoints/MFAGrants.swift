import Foundation

/// The three grants that turn an `mfa_token` and a proof into tokens, and confirm what was being enrolled.
extension DevTenant {
    func redeemOTP(_ parameters: Parameters, client: Client, flaw: IDTokenFlaw?) throws -> Answer {
        let (session, user) = try grantSession(parameters, client: client)
        guard let otp = parameters["otp"] else { throw Self.missing("otp") }
        try refuseIfExhausted(\.wrongCodes, of: user)
        let usable = user.authenticators.indices.filter { index in
            let authenticator = user.authenticators[index]
            return authenticator.kind == .otp && isUsable(authenticator, in: session)
        }
        guard !usable.isEmpty else { throw Refusal.unsupportedChallengeType("User is not enrolled with otp") }
        for index in usable {
            let authenticator = user.authenticators[index]
            let step = TOTP(secret: authenticator.value)?.step(of: otp, at: now, after: authenticator.lastStep)
            guard let step else { continue }
            users.update(user.id) { $0.authenticators[index].lastStep = step }
            confirm(authenticator, of: user)
            return try .json(200, .object(finish(session, client: client, flaw: flaw)))
        }
        _ = count(\.wrongCodes, of: user)
        throw Refusal.invalidGrant("Invalid otp_code.")
    }

    func redeemOOB(_ parameters: Parameters, client: Client, flaw: IDTokenFlaw?) throws -> Answer {
        let (session, user) = try grantSession(parameters, client: client)
        let polls = mfaSessions[session.token]?.polls.take(now: now)
        if let polls, polls.isExceeded { throw Limited(refusal: .tooManyRequests, headers: polls.headers) }
        guard let oobCode = parameters["oob_code"] else { throw Self.missing("oob_code") }
        guard let challenge = challenges[oobCode] else { throw Refusal.malformedOOBCode }
        guard challenge.session == session.token else { throw Refusal.foreignOOBCode }
        guard now < challenge.expires, !challenge.isSuperseded,
            let authenticator = user.authenticators.first(where: {
                $0.id == challenge.authenticatorID && isUsable($0, in: session)
            })
        else { throw Refusal(options.mfa.expiredStatus, "expired_token", "oob_code is expired") }
        if case .push(nil) = challenge.proof,
            !challenges.poll(oobCode, interval: options.mfa.pollInterval, now: now)
        {
            throw Refusal.slowDown
        }
        try check(challenge.proof, parameters, of: user)
        confirm(authenticator, of: user)
        return try .json(200, .object(finish(session, client: client, flaw: flaw)))
    }

    func redeemRecoveryCode(_ parameters: Parameters, client: Client, flaw: IDTokenFlaw?) throws -> Answer {
        let (session, user) = try grantSession(parameters, client: client)
        guard let code = parameters["recovery_code"] else { throw Self.missing("recovery_code") }
        try refuseIfExhausted(\.wrongRecoveryCodes, of: user)
        let index = user.authenticators.firstIndex {
            $0.kind == .recoveryCode && $0.isActive && $0.value == code
        }
        guard let index else {
            _ = count(\.wrongRecoveryCodes, of: user)
            throw Refusal.mfaRejected
        }
        var body = try finish(session, client: client, flaw: flaw)
        let next = RandomText.recoveryCode()
        secrets.add(.recoveryCode, next)
        users.update(user.id) { $0.authenticators[index].value = next }
        body["recovery_code"] = .string(next)
        return .json(200, .object(body))
    }

    private func grantSession(
        _ parameters: Parameters, client: Client
    ) throws -> (session: MFASession, user: User) {
        let found = try mfaSession(parameters, client: client)
        if found.session.isManagement, !options.mfa.takesAccessTokens { throw Refusal.malformedMFAToken }
        return found
    }

    /// A sign-in may use what is active and confirm what it has enrolled; an access token may only confirm.
    private func isUsable(_ authenticator: Authenticator, in session: MFASession) -> Bool {
        authenticator.isActive ? !session.isManagement : authenticator.enrolledWith == session.token
    }

    /// Returns if the message's code is among the parameters, or the push was approved.
    private func check(_ proof: OOBChallenge.Proof, _ parameters: Parameters, of user: User) throws {
        switch proof {
        case .code(let code):
            guard let bindingCode = parameters["binding_code"] else { throw Self.missing("binding_code") }
            try refuseIfExhausted(\.wrongCodes, of: user)
            guard bindingCode == code else {
                _ = count(\.wrongCodes, of: user)
                throw Refusal.invalidGrant("Invalid binding_code.")
            }
        case .push(nil):
            throw Refusal.authorizationPending
        case .push(.denied(.accessDenied400)):
            throw Refusal(400, "access_denied", "MFA Authorization rejected.")
        case .push(.denied(.invalidGrant403)):
            throw Refusal.mfaRejected
        case .push(.approved):
            break
        }
    }

    /// Makes an authenticator active, with what came along on its device and the recovery code of the first enrolment.
    private func confirm(_ authenticator: Authenticator, of user: User) {
        guard !authenticator.isActive else { return }
        users.update(user.id) { user in
            for index in user.authenticators.indices
            where user.authenticators[index].device == authenticator.device
                || user.authenticators[index].kind == .recoveryCode
            {
                user.authenticators[index].isActive = true
            }
        }
    }
}
