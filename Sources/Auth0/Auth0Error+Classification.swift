import FoundationEssentials
import NIOHTTP1
import OutsideInput

/// Which call an answer belongs to: the same words mean different things at different endpoints.
enum Call: Sendable {
    case start
    case exchange
    case refresh
    case revoke
    case lookup
    case authenticators
    case challenge
    case associate
    case removal
    /// The MFA grants of the token endpoint.
    case otp, oob, recoveryCode
}

extension Auth0Error {
    /// Reads an answer that is no success. `now` turns `X-RateLimit-Reset` into seconds to wait.
    ///
    /// By code where a code exists; where Auth0 gives text alone the texts stand here, with where they were seen, and nowhere else.
    init(_ answer: HTTPTransport.Answer, to call: Call, now: Date) {
        let body = ErrorBody(json: answer.body)
        let (error, description) = (body?.code, body?.description)
        func make(_ kind: Kind, _ detail: String, hint: String? = nil) -> Auth0Error {
            Auth0Error(kind, detail, error: error, description: description, hint: hint)
        }

        // A normal step of a sign-in, which sources report with different statuses.
        if let requirement = MFARequirement(json: answer.body) {
            self = make(.mfaRequired(requirement), "the tenant asks for a second factor")
            return
        }
        if answer.status == 429 {
            // Two meanings, told apart by the code: "wait" and "this person or address is blocked" (attack protection).
            if ["too_many_attempts", "too_many_logins"].contains(error) {
                self = make(
                    .tooManyAttempts(blocked: true), "the tenant has blocked further sign-ins", hint: Hint.blocked)
            } else {
                let wait = Self.retryAfter(answer.headers, now: now)
                self = make(.rateLimited(retryAfter: wait), "the tenant's rate limit is reached")
            }
            return
        }
        guard let body else {
            self =
                if answer.status >= 500 {
                    make(.serverError, "the tenant answered with status \(answer.status)")
                } else {
                    make(
                        .notJSON, "something answered with status \(answer.status) and no JSON",
                        hint: Hint.captivePortal)
                }
            return
        }
        // Whatever a server in trouble says, it is not definite; but 501 says for good that it does not know the grant.
        guard answer.status < 500 || answer.status == 501 && (call == .exchange || call.isMFA) else {
            self = make(.serverError, "the tenant answered with status \(answer.status)")
            return
        }
        let mfaRefusal = call.isMFA ? Self.mfaRefusal(body, status: answer.status, to: call, make: make) : nil
        self = mfaRefusal ?? Self.known(body, to: call, make: make) ?? Self.byStatus(answer.status, make: make)
    }

    typealias Maker = (_ kind: Kind, _ detail: String, _ hint: String?) -> Auth0Error

    private static func known(
        _ body: ErrorBody, to call: Call, make: Maker
    ) -> Auth0Error? {
        switch body.code {
        case "mfa_required", "a0.mfa_required":
            return make(.protocolViolation, "the tenant asks for a second factor without an mfa_token", nil)
        case "invalid_grant":
            return grantRefused(body, call: call, make: make)
        case "access_denied", "unauthorized":
            return denied(body, call: call, make: make)
        case "invalid_user_password":
            return make(.wrongCode, "the code is wrong", nil)
        case "too_many_attempts", "too_many_logins":
            return make(.tooManyAttempts(blocked: true), "the tenant has blocked further sign-ins", Hint.blocked)
        case "requires_verification", "requires_validation":
            return make(.denied, "the tenant's bot detection wants a captcha", Hint.botDetection)
        case "extensibility_error":
            return make(.denied, "an Action of the tenant refused it", nil)
        case "unauthorized_client":
            let isGrant = body.says("grant type")
            return make(
                .misconfigured, isGrant ? "the application may not use this grant" : "the client was not accepted",
                isGrant ? Hint.grant(call) : Hint.clientAuthentication)
        case "invalid_client":
            return make(.misconfigured, "the client was not accepted", Hint.clientAuthentication)
        case "bad.connection" where body.says("signup"):
            return make(.denied, "the address is not known and the connection takes no new people", nil)
        case "bad.connection":
            return make(.misconfigured, "the connection cannot be used", Hint.connection)
        case "bad.email", "bad.phone_number":
            return make(.invalidAddress, "the address is not accepted", nil)
        case "bad.tenant", "bad.client_id":
            return make(.misconfigured, "the tenant does not know the application", Hint.clientID)
        case "sms_provider_error":
            return make(.misconfigured, "the tenant could not send the message", Hint.smsProvider)
        case "unsupported_grant_type", "endpoint_disabled":
            return make(.misconfigured, "the tenant does not offer this call", Hint.grant(call))
        case "invalid_scope", "invalid_request", "bad.request", "bad.authParams", "invalid_target":
            return make(.misconfigured, "the tenant did not accept the request's parameters", Hint.parameters)
        default:
            guard
                body.says("client authentication is required")
                    || body.code.lowercased() == "client authentication is required"
            else { return nil }
            return make(.misconfigured, "the client was not accepted", Hint.clientAuthentication)
        }
    }

    private static func grantRefused(
        _ body: ErrorBody, call: Call, make: Maker
    ) -> Auth0Error {
        guard call != .refresh else {
            // Expired, revoked, pruned and reused are one and the same answer; only a deleted user has words of its own (Auth0.swift).
            let deleted = body.says("user who doesn't exist")
            return make(.refreshTokenRefused(userDeleted: deleted), "the tenant refused the refresh token", nil)
        }
        // Seen live at the passwordless grant: 403 invalid_grant for all of these.
        if body.says("maximum number of attempts") {
            return make(.tooManyAttempts(blocked: false), "the code was tried too often", nil)
        }
        if body.says("code has expired") {
            return make(.codeExpired, "the code has expired", nil)
        }
        return make(.wrongCode, "the code is wrong", nil)
    }

    private static func denied(
        _ body: ErrorBody, call: Call, make: Maker
    ) -> Auth0Error {
        if call == .refresh, body.says("unknown or invalid refresh token") {
            return make(.refreshTokenRefused(userDeleted: false), "the tenant refused the refresh token", nil)
        }
        if body.says("client authentication is required", "invalid client") || body.description == "Unauthorized" {
            return make(.misconfigured, "the client was not accepted", Hint.clientAuthentication)
        }
        if body.says("user is blocked") {
            return make(.denied, "the person is blocked at the tenant", Hint.userBlocked)
        }
        return make(.denied, "the tenant refused it", nil)
    }

    private static func byStatus(_ status: Int, make: Maker) -> Auth0Error {
        switch status {
        case 500...: make(.serverError, "the tenant answered with status \(status)", nil)
        case 300..<400: make(.notJSON, "something answered with a redirect", Hint.captivePortal)
        case 401: make(.misconfigured, "the client was not accepted", Hint.clientAuthentication)
        default:
            make(.protocolViolation, "the tenant answered with status \(status) and an unknown error", nil)
        }
    }

    /// Seconds to wait: `Retry-After` (promised for a few endpoints only; a date, its other form, is passed over), else the time to `X-RateLimit-Reset` (Unix seconds).
    private static func retryAfter(_ headers: HTTPHeaders, now: Date) -> Int? {
        let longest = 0...86_400
        if let seconds = headers.first(name: "retry-after").flatMap({ Bounded.number($0) }), seconds >= 0 {
            return Bounded.whole(seconds, in: longest, rounded: .up)
        }
        guard let reset = headers.first(name: "x-ratelimit-reset").flatMap({ Bounded.number($0) }) else { return nil }
        return Bounded.whole(reset - now.timeIntervalSince1970, in: longest, rounded: .up)
    }
}
