import DevTenant
import Testing

@testable import Auth0

@Suite("What the tenant's MFA API refuses")
struct MFAErrorTableTests {
    private static let client = "client_auth"
    private static let grant = "Grant type 'http://auth0.com/oauth/grant-type/mfa-otp' not allowed for the client."

    /// What every call with an `mfa_token` may be answered; sources differ in the status.
    private static let expired = [
        ErrorRow(403, "expired_token", "mfa_token is expired", .mfaExpired),
        ErrorRow(401, "expired_token", "mfa_token is expired", .mfaExpired),
        ErrorRow(403, "invalid_grant", "Malformed mfa_token", .mfaExpired),
        ErrorRow(401, "invalid_grant", "Malformed mfa_token", .mfaExpired),
        ErrorRow(400, "invalid_request", "mfa_token not issued to this client", .mfaExpired),
        ErrorRow(400, "invalid_request", "The mfa_token provided is invalid. Try getting a new token.", .mfaExpired),
    ]

    private static let always = [
        ErrorRow(401, "invalid_client", "Invalid client credentials", .misconfigured, client),
        ErrorRow(429, "too_many_requests", "Rate limit exceeded.", .rateLimited(retryAfter: nil)),
        ErrorRow(429, "too_many_attempts", "blocked", .tooManyAttempts(blocked: true), "unblock"),
        ErrorRow(500, "internal_server_error", "Unexpected", .serverError),
    ]

    private static let bearer = [
        ErrorRow(401, "unauthorized", "No authorization token was found", .mfaExpired),
        ErrorRow(401, "invalid_token", "Invalid token", .mfaExpired),
        ErrorRow(400, "invalid_token", "Invalid token", .mfaExpired),
        ErrorRow(403, "insufficient_scope", "Insufficient scope, expected: enroll", .denied),
    ]

    private static let proving = [
        ErrorRow(
            400, "invalid_request", "Too many failed codes. Wait for some minutes before retrying.",
            .tooManyAttempts(blocked: true), "Wait"),
        ErrorRow(
            403, "invalid_grant", "Unknown or invalid refresh token.", .refreshTokenRefused(userDeleted: false)),
        ErrorRow(
            403, "invalid_grant", "The refresh_token was generated for a user who doesn't exist anymore.",
            .refreshTokenRefused(userDeleted: true)),
        ErrorRow(403, "access_denied", "Only staff may sign in", .denied),
        ErrorRow(401, "unauthorized", "user is blocked", .denied, "unblock"),
        ErrorRow(403, "unauthorized_client", grant, .misconfigured, "\"MFA\""),
        ErrorRow(501, "unsupported_grant_type", nil, .misconfigured, "\"MFA\""),
    ]

    @Test(
        "proving by a one-time password",
        arguments: expired + always + proving + [
            ErrorRow(403, "invalid_grant", "Invalid otp_code.", .wrongCode),
            ErrorRow(401, "invalid_grant", "Invalid otp_code.", .wrongCode),
            ErrorRow(400, "a0.mfa_invalid_code", nil, .wrongCode),
            ErrorRow(401, "unsupported_challenge_type", "User is not enrolled with otp", .factorUnavailable),
            ErrorRow(400, "invalid_request", "Missing required parameter: otp", .misconfigured, "scope"),
        ])
    func otp(row: ErrorRow) async throws {
        try await row.check(.otp)
    }

    @Test(
        "proving by a message or a push notification",
        arguments: expired + always + proving + [
            ErrorRow(
                400, "authorization_pending", "Authorization pending: please repeat the request in a few seconds.",
                .pending(slowDown: false)),
            ErrorRow(400, "slow_down", nil, .pending(slowDown: true)),
            ErrorRow(400, "access_denied", "MFA Authorization rejected.", .denied),
            ErrorRow(403, "invalid_grant", "MFA Authorization rejected.", .denied),
            ErrorRow(403, "invalid_grant", "Invalid binding_code.", .wrongCode),
            ErrorRow(401, "invalid_grant", "Invalid binding_code.", .wrongCode),
            ErrorRow(403, "invalid_grant", "Malformed oob_code", .mfaExpired),
            ErrorRow(403, "expired_token", "oob_code is expired", .mfaExpired),
            ErrorRow(401, "expired_token", "oob_code is expired", .mfaExpired),
            ErrorRow(400, "invalid_request", "The oob_code doesn't match the mfa_token", .mfaExpired),
        ])
    func oob(row: ErrorRow) async throws {
        try await row.check(.oob)
    }

    @Test(
        "proving by a recovery code",
        arguments: expired + always + proving + [
            ErrorRow(403, "invalid_grant", "MFA Authorization rejected.", .wrongCode),
            ErrorRow(400, "access_denied", "MFA Authorization rejected.", .wrongCode),
        ])
    func recoveryCode(row: ErrorRow) async throws {
        try await row.check(.recoveryCode)
    }

    @Test(
        "challenging",
        arguments: expired + always + [
            ErrorRow(401, "unsupported_challenge_type", "User is not enrolled with oob", .factorUnavailable),
            ErrorRow(400, "unsupported_challenge_type", "No matching challenge_type", .factorUnavailable),
            ErrorRow(400, "association_required", nil, .factorUnavailable),
            ErrorRow(401, "association_required", nil, .factorUnavailable),
            ErrorRow(404, "invalid_authenticator", "Authenticator not found or inactive", .factorUnavailable),
            ErrorRow(400, "invalid_request", "Unsupported multifactor provider: x", .factorUnavailable, "another"),
            ErrorRow(
                400, "invalid_request", "Too many SMS sent by the user. Wait for some minutes before retrying.",
                .rateLimited(retryAfter: nil), "another factor"),
            // No code was sent, so none can be wrong.
            ErrorRow(403, "invalid_grant", "Something new", .mfaExpired),
        ])
    func challenge(row: ErrorRow) async throws {
        try await row.check(.challenge)
    }

    @Test("listing the factors", arguments: expired + always + bearer)
    func authenticators(row: ErrorRow) async throws {
        try await row.check(.authenticators)
    }

    @Test(
        "setting up a factor",
        arguments: expired + always + bearer + [
            ErrorRow(400, "access_denied", "User is already enrolled.", .factorUnavailable, "mfa list"),
            ErrorRow(400, "invalid_request", "User is already enrolled", .factorUnavailable, "mfa list"),
            ErrorRow(400, "invalid_request", "The phone number is invalid.", .invalidAddress),
            ErrorRow(400, "invalid_request", "The e-mail address is invalid.", .invalidAddress),
            ErrorRow(400, "invalid_request", "Unsupported multifactor provider: x", .factorUnavailable, "another"),
            ErrorRow(
                400, "invalid_request", "Too many SMS sent by the user. Wait for some minutes before retrying.",
                .rateLimited(retryAfter: nil), "another factor"),
        ])
    func associate(row: ErrorRow) async throws {
        try await row.check(.associate)
    }

    @Test(
        "taking a factor away",
        arguments: expired + always + bearer + [
            ErrorRow(404, "invalid_authenticator", "Authenticator not found or inactive", .factorUnavailable),
            ErrorRow(400, "invalid_request", "An e-mail authenticator cannot be deleted", .factorUnavailable),
        ])
    func removal(row: ErrorRow) async throws {
        try await row.check(.removal)
    }

    @Test(
        "JSON of another shape than an answer's breaks the protocol",
        arguments: [TenantCall.authenticators, .challenge, .associate])
    func unreadable(call: TenantCall) async throws {
        try await TenantFixture.run { fixture in
            await fixture.order(.answer(.text(200, #"{"a":1}"#, type: "application/json")), at: call)
            #expect(await fixture.error(call)?.kind == .protocolViolation)
        }
    }
}
