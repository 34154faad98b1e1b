extension Call {
    var isMFA: Bool {
        switch self {
        case .authenticators, .challenge, .associate, .removal, .otp, .oob, .recoveryCode: true
        case .start, .exchange, .refresh, .revoke, .lookup: false
        }
    }

    /// Whether it is authorized by a bearer token alone.
    var takesBearer: Bool {
        switch self {
        case .authenticators, .associate, .removal: true
        default: false
        }
    }
}

extension Auth0Error {
    /// What a refusal by the MFA API means, where it means something of its own.
    ///
    /// The texts are Auth0's own: of its SDKs' predicates, of its documentation, and of answers seen live.
    static func mfaRefusal(_ body: ErrorBody, status: Int, to call: Call, make: Maker) -> Auth0Error? {
        switch body.code {
        case "authorization_pending":
            return make(.pending(slowDown: false), "the person has not answered yet", nil)
        case "slow_down":
            return make(.pending(slowDown: true), "the tenant was asked too often", nil)
        case "expired_token", "invalid_token":
            return make(.mfaExpired, "the time for the second factor is over", nil)
        case "a0.mfa_invalid_code":
            return make(.wrongCode, "the code is wrong", nil)
        case "association_required", "a0.mfa_registration_required", "unsupported_challenge_type",
            "invalid_authenticator":
            return make(.factorUnavailable, "the person has no such factor", nil)
        case "insufficient_scope":
            return make(.denied, "the tenant did not grant the management of factors", nil)
        case "invalid_grant", "invalid_request", "access_denied":
            return mfaRefusal(byTextOf: body, to: call, make: make)
        default:
            // A bearer that has expired, or that an earlier proof has used up. What is wrong with the client has a code of its own.
            guard status == 401, call.takesBearer, body.code != "invalid_client" else { return nil }
            return make(.mfaExpired, "the time for the second factor is over", nil)
        }
    }

    private static func mfaRefusal(byTextOf body: ErrorBody, to call: Call, make: Maker) -> Auth0Error? {
        if body.says("mfa authorization rejected") {
            // Documented for a denied push and for a wrong recovery code alike, with either error code.
            return call == .recoveryCode
                ? make(.wrongCode, "the recovery code is wrong", nil)
                : make(.denied, "the sign-in was rejected on the device", nil)
        }
        if body.says("invalid otp_code", "invalid binding_code") {
            return make(.wrongCode, "the code is wrong", nil)
        }
        let expired = [
            "malformed mfa_token", "malformed oob_code", "mfa_token is expired", "oob_code is expired",
            "mfa_token provided is invalid", "mfa_token not issued to this client", "doesn't match the mfa_token",
        ]
        if expired.contains(where: { body.says($0) }) {
            return make(.mfaExpired, "the time for the second factor is over", nil)
        }
        if body.says("unknown or invalid refresh token", "user who doesn't exist") {
            // What the factor was to be proven for has come to its end meanwhile.
            return make(
                .refreshTokenRefused(userDeleted: body.says("user who doesn't exist")),
                "the tenant refused the refresh token", nil)
        }
        if body.says("too many failed codes") {
            return make(.tooManyAttempts(blocked: true), "too many wrong codes were tried", Hint.failedCodes)
        }
        if body.says("too many sms") {
            return make(.rateLimited(retryAfter: nil), "too many messages were sent", Hint.otherFactor)
        }
        if call == .associate, body.says("phone number is invalid", "e-mail address is invalid", "email is invalid") {
            return make(.invalidAddress, "the address is not accepted", nil)
        }
        if call == .associate, body.says("already enrolled") {
            return make(.factorUnavailable, "the person has such a factor already", Hint.alreadyEnrolled)
        }
        if [.associate, .challenge].contains(call), body.says("unsupported multifactor provider") {
            return make(.factorUnavailable, "the tenant does not offer this factor", Hint.factors)
        }
        if call == .removal, body.code == "invalid_request" {
            return make(.factorUnavailable, "the tenant does not let it be removed", nil)
        }
        // Where no code is sent, the grant is the token that stands for the waiting request.
        guard body.code == "invalid_grant", [.authenticators, .challenge, .associate, .removal].contains(call) else {
            return nil
        }
        return make(.mfaExpired, "the time for the second factor is over", nil)
    }
}
