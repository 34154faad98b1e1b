/// The refusals of the MFA API, in Auth0's words where they are known.
extension Refusal {
    static let malformedMFAToken = invalidGrant("Malformed mfa_token")
    static let malformedOOBCode = invalidGrant("Malformed oob_code")
    /// A denied push as documented, and a wrong recovery code.
    static let mfaRejected = invalidGrant("MFA Authorization rejected.")
    static let spentMFAToken = invalidRequest("The mfa_token provided is invalid. Try getting a new token.")
    static let foreignMFAToken = invalidRequest("mfa_token not issued to this client")
    static let foreignOOBCode = invalidRequest("The oob_code doesn't match the mfa_token")
    static let authorizationPending = Refusal(
        400, "authorization_pending", "Authorization pending: please repeat the request in a few seconds.")
    /// A poll that came too soon (RFC 8628, section 3.5).
    static let slowDown = Refusal(400, "slow_down", nil)
    static let tooManyFailedCodes = invalidRequest("Too many failed codes. Wait for some minutes before retrying.")
    static let tooManyTexts = invalidRequest(
        "Too many SMS sent by the user. Wait for some minutes before retrying.")
    static let authenticatorNotFound = Refusal(404, "invalid_authenticator", "Authenticator not found or inactive")
    static let associationRequired = Refusal(
        400, "association_required", "The user has no authenticator that could be challenged")
    /// The code of this one is not known.
    static let alreadyEnrolled = Refusal(400, "access_denied", "User is already enrolled.")
    static let noBearer = Refusal(401, "unauthorized", "No authorization token was found")
    static let invalidBearer = Refusal(401, "invalid_token", "Invalid token")

    static func unsupportedChallengeType(_ description: String) -> Refusal {
        Refusal(401, "unsupported_challenge_type", description)
    }

    static func unsupportedProvider(_ name: String) -> Refusal {
        invalidRequest("Unsupported multifactor provider: \(name)")
    }

    static func insufficientScope(_ scope: String) -> Refusal {
        Refusal(403, "insufficient_scope", "Insufficient scope, expected: \(scope)")
    }
}
