import Foundation

/// When a second factor is demanded, and what `mfa_required` says then.
extension DevTenant {
    /// The MFA API asks everybody who has a factor, whatever the policy.
    func demandsMFA(of user: User, audience: String?, atRefresh: Bool = false) -> Bool {
        if audience == mfaAudience, user.isEnrolled { return true }
        return switch user.mfaPolicy ?? mfaPolicy {
        case .never: false
        case .always: !atRefresh
        case .enrolled: !atRefresh && user.isEnrolled
        case .refresh: true
        }
    }

    /// Opens a session and gives the refusal that hands out its `mfa_token`.
    func mfaRequired(of user: User, clientID: String, for purpose: MFASession.Purpose) -> Refusal {
        let expires = now + options.mfa.tokenLifetime
        let token = SealedToken.make(bytes: SealedToken.mfaTokenBytes, expires: expires)
        secrets.add(.mfaToken, token)
        openSession(token, clientID: clientID, userID: user.id, purpose: purpose, expires: expires)
        var members: [String: JSON] = ["mfa_token": .string(token)]
        members["mfa_requirements"] = requirements(of: user)
        return Refusal(
            options.mfa.requiredStatus, "mfa_required",
            options.mfa.requirements == .challengeTypes ? nil : "Multifactor authentication required",
            members: members)
    }

    @discardableResult
    func openSession(
        _ token: String, clientID: String, userID: String, purpose: MFASession.Purpose, expires: Date
    ) -> MFASession {
        let session = MFASession(
            token: token, clientID: clientID, userID: userID, purpose: purpose, expires: expires,
            polls: RateLimit(.init(burst: options.mfa.pollLimit, period: 60)))
        mfaSessions[token] = session
        return session
    }

    private func requirements(of user: User) -> JSON? {
        let active = user.authenticators.filter(\.isActive).map(\.kind)
        // E-mail is seen in challenges alone.
        let kinds = user.isEnrolled ? active : options.mfa.enrollment.filter { $0 != .email }
        switch options.mfa.requirements {
        case .absent:
            return nil
        case .factors:
            let factors = Self.distinct(kinds.map(\.factor)).map { JSON.object(["type": .string($0)]) }
            return [user.isEnrolled ? "challenge" : "enroll": .array(factors)]
        case .challengeTypes:
            let types = Self.distinct(kinds.filter { $0 != .recoveryCode }.map(\.type))
            return ["challenge_types": .array(types.map(JSON.string))]
        }
    }

    /// Each once, in order.
    static func distinct(_ texts: [String]) -> [String] {
        var seen: Set<String> = []
        return texts.filter { seen.insert($0).inserted }
    }
}
