import DevTenant
import Foundation
import Testing

@testable import Auth0

/// An error answer of the tenant and what it is to be read as.
struct ErrorRow: Sendable, CustomTestStringConvertible {
    var status: Int
    var error: String
    var description: String?
    var kind: Auth0Error.Kind
    /// A part of the hint; nil if there is none.
    var hint: String?

    init(_ status: Int, _ error: String, _ description: String?, _ kind: Auth0Error.Kind, _ hint: String? = nil) {
        self.status = status
        self.error = error
        self.description = description
        self.kind = kind
        self.hint = hint
    }

    var testDescription: String { "\(status) \(error) \(description ?? "")" }

    func check(_ call: TenantCall) async throws {
        try await TenantFixture.run { [self] fixture in
            await fixture.order(.refusal(status, error, description), at: call)
            let answer = try #require(await fixture.error(call))
            #expect(answer.kind == kind)
            #expect(answer.error == error)
            #expect(answer.description == description)
            if let hint {
                #expect(answer.hint?.contains(hint) == true, "\(answer.hint ?? "no hint")")
            } else {
                #expect(answer.hint == nil)
            }
        }
    }
}

@Suite("What the tenant refuses")
struct ErrorTableTests {
    private static let client = "client_auth"

    private static let starting = [
        ErrorRow(
            400, "bad.tenant", "error in tenant - tenant validation failed: invalid_tenant", .misconfigured, "client_id"
        ),
        ErrorRow(400, "bad.client_id", "Missing required property: client_id", .misconfigured, "client_id"),
        ErrorRow(400, "bad.connection", "Missing required property: connection", .misconfigured, "Passwordless"),
        ErrorRow(400, "bad.connection", "Connection does not exist", .misconfigured, "Passwordless"),
        ErrorRow(400, "bad.connection", "Connection is disabled", .misconfigured, "Passwordless"),
        ErrorRow(
            400, "bad.connection", "Invalid connection strategy. It must either be a passwordless connection",
            .misconfigured, "Passwordless"),
        ErrorRow(400, "bad.connection", "Public signup is disabled", .denied),
        ErrorRow(
            400, "bad.authParams", "error in authParams - invalid type: string (expected object)", .misconfigured,
            "auth_params"),
        ErrorRow(400, "bad.request", "the following properties are not allowed: x", .misconfigured, "auth_params"),
        ErrorRow(400, "bad.phone_number", "Missing required property: phone_number", .invalidAddress),
        ErrorRow(400, "bad.phone_number", #"String does not match pattern: ^\+[0-9]{1,15}$"#, .invalidAddress),
        ErrorRow(400, "bad.email", "error in email - email format validation failed: foo", .invalidAddress),
        ErrorRow(
            400, "sms_provider_error", "Permission to send an SMS has not been enabled (Code: 21408)", .misconfigured,
            "SMS"),
        ErrorRow(
            400, "sms_provider_error", "Unexpected response while calling the SMS gateway: 500", .misconfigured, "SMS"),
        ErrorRow(400, "extensibility_error", "USER_ACCOUNT_NOT_ACTIVE", .denied),
        ErrorRow(401, "requires_verification", "Suspicious request requires verification", .denied, "Bot Detection"),
        ErrorRow(401, "requires_validation", "Suspicious request requires verification", .denied, "Bot Detection"),
        ErrorRow(403, "unauthorized_client", "Client authentication is required", .misconfigured, client),
        ErrorRow(401, "invalid_client", "Invalid client credentials", .misconfigured, client),
        ErrorRow(401, "access_denied", "Unauthorized", .misconfigured, client),
        ErrorRow(429, "too_many_requests", "Rate limit exceeded.", .rateLimited(retryAfter: nil)),
        ErrorRow(500, "internal_server_error", "Unexpected", .serverError),
    ]

    @Test("starting", arguments: starting)
    func start(row: ErrorRow) async throws {
        try await row.check(.start)
    }

    private static let exchanging = [
        ErrorRow(403, "invalid_grant", "Wrong email or verification code.", .wrongCode),
        ErrorRow(403, "invalid_grant", "Wrong phone number or verification code.", .wrongCode),
        ErrorRow(
            403, "invalid_grant", "You've reached the maximum number of attempts. Please try to login again.",
            .tooManyAttempts(blocked: false)),
        ErrorRow(403, "invalid_grant", "The verification code has expired. Please try to login again.", .codeExpired),
        ErrorRow(403, "invalid_grant", "THE VERIFICATION CODE HAS EXPIRED", .codeExpired),
        ErrorRow(403, "invalid_grant", "Something new", .wrongCode),
        ErrorRow(403, "invalid_grant", nil, .wrongCode),
        ErrorRow(
            403, "unauthorized_client",
            "Grant type 'http://auth0.com/oauth/grant-type/passwordless/otp' not allowed for the client.",
            .misconfigured, "Passwordless OTP"),
        // Without an mfa_token nothing can be done about it; with one: MFATests.
        ErrorRow(403, "mfa_required", "Multifactor authentication required", .protocolViolation),
        ErrorRow(403, "access_denied", "Only staff may sign in", .denied),
        ErrorRow(401, "unauthorized", "user is blocked", .denied, "unblock"),
        ErrorRow(401, "access_denied", "Unauthorized", .misconfigured, client),
        ErrorRow(401, "requires_verification", "Suspicious request requires verification", .denied, "Bot Detection"),
        ErrorRow(
            429, "too_many_attempts", "Your account has been blocked after multiple consecutive login attempts.",
            .tooManyAttempts(blocked: true), "unblock"),
        ErrorRow(429, "too_many_logins", "blocked", .tooManyAttempts(blocked: true), "unblock"),
        ErrorRow(429, "too_many_requests", "Too many requests.", .rateLimited(retryAfter: nil)),
        ErrorRow(400, "invalid_request", "Missing required parameter: otp", .misconfigured, "scope"),
        ErrorRow(400, "invalid_scope", "Scope must be an array or a string", .misconfigured, "scope"),
        ErrorRow(501, "unsupported_grant_type", nil, .misconfigured, "Passwordless OTP"),
        ErrorRow(503, "temporarily_unavailable", nil, .serverError),
    ]

    @Test("exchanging a code", arguments: exchanging)
    func exchange(row: ErrorRow) async throws {
        try await row.check(.exchange)
    }

    private static let refreshing = [
        ErrorRow(403, "invalid_grant", "Unknown or invalid refresh token.", .refreshTokenRefused(userDeleted: false)),
        ErrorRow(
            403, "invalid_grant", "The refresh_token was generated for a user who doesn't exist anymore.",
            .refreshTokenRefused(userDeleted: true)),
        ErrorRow(
            403, "invalid_grant", "Unsuccessful Refresh Token exchange, reused refresh token detected",
            .refreshTokenRefused(userDeleted: false)),
        ErrorRow(403, "access_denied", "Unknown or invalid refresh token", .refreshTokenRefused(userDeleted: false)),
        ErrorRow(401, "unauthorized", "user is blocked", .denied, "unblock"),
        ErrorRow(403, "access_denied", "user is blocked", .denied, "unblock"),
        // Without an mfa_token nothing can be done about it; with one: MFATests.
        ErrorRow(403, "mfa_required", "Multifactor authentication required", .protocolViolation),
        ErrorRow(
            403, "unauthorized_client", "Grant type 'refresh_token' not allowed for the client.", .misconfigured,
            "Refresh Token"),
        ErrorRow(401, "invalid_client", "Invalid client credentials", .misconfigured, client),
        ErrorRow(401, "access_denied", "Unauthorized", .misconfigured, client),
        ErrorRow(400, "invalid_request", "Missing required parameter: refresh_token", .misconfigured, "scope"),
        ErrorRow(
            400, "use_dpop_nonce", "Authorization server requires nonce in DPoP proof", .protocolViolation),
        ErrorRow(429, "too_many_requests", nil, .rateLimited(retryAfter: nil)),
        ErrorRow(502, "bad_gateway", nil, .serverError),
    ]

    @Test("refreshing", arguments: refreshing)
    func refresh(row: ErrorRow) async throws {
        try await row.check(.refresh)
    }

    @Test("only what the tenant may have acted upon leaves a doubt")
    func doubt() {
        for row in Self.refreshing {
            #expect(Auth0Error(row.kind, "").leavesDoubt == (row.status >= 500), "\(row.testDescription)")
        }
        #expect(Auth0Error(.noAnswer, "").leavesDoubt)
        #expect(Auth0Error(.notJSON, "").leavesDoubt)
        #expect(!Auth0Error(.unreachable(.tls), "").leavesDoubt)
        #expect(!Auth0Error(.malformedTokens(refreshToken: Secret("next")), "").leavesDoubt)
    }
}
