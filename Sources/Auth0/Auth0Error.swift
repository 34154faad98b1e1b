/// Why a call to the tenant did not do what it was made for.
package struct Auth0Error: Error, Sendable {
    package enum Kind: Equatable, Sendable {
        /// The one-time code, a factor's code or a recovery code is wrong; another try is allowed.
        case wrongCode
        /// The one-time code is too old; a new one is needed.
        case codeExpired
        /// The code is dead after too many tries, or (`blocked`) the person is blocked at the tenant.
        case tooManyAttempts(blocked: Bool)
        /// The e-mail address or phone number is not well formed.
        case invalidAddress
        /// The refresh token will never work again.
        case refreshTokenRefused(userDeleted: Bool)
        /// A second factor is wanted before tokens are issued.
        case mfaRequired(MFARequirement)
        /// The second factor is not proven yet: the person has not answered the notification (RFC 8628, section 3.5). `slowDown`: ask less often.
        case pending(slowDown: Bool)
        /// The `mfa_token`, the challenge or the access token for managing factors is too old or used up.
        case mfaExpired
        /// The person has no such factor, has it already, or the tenant does not offer it.
        case factorUnavailable
        /// The tenant's policy, an Action or a block says no.
        case denied
        /// The application or the connection is not set up for this call.
        case misconfigured
        /// Too many requests; the person is not blocked.
        case rateLimited(retryAfter: Int?)
        /// The request never reached the tenant.
        case unreachable(HTTPTransport.Unreachable)
        /// No complete answer came.
        case noAnswer
        /// The tenant is in trouble (5xx).
        case serverError
        /// What answered does not speak JSON: a captive portal, a proxy, a redirect.
        case notJSON
        /// A JSON answer that is not what the protocol says.
        case protocolViolation
        /// The grant succeeded, but the tokens cannot be used. If a rotated refresh token was among them, that is the one to keep.
        case malformedTokens(refreshToken: Secret?)
    }

    package var kind: Kind
    /// A sentence fragment about what happened, free of secrets and of the tenant's text.
    package var detail: String
    /// `error` as the tenant sent it, printable.
    package var error: String?
    /// `error_description` as the tenant sent it, printable.
    package var description: String?
    /// What a person can do about it.
    package var hint: String?

    package init(_ kind: Kind, _ detail: String, error: String? = nil, description: String? = nil, hint: String? = nil)
    {
        self.kind = kind
        self.detail = detail
        self.error = error
        self.description = description
        self.hint = hint
    }

    /// Whether the tenant may have acted on the request all the same. A refresh token sent with it is then in doubt: it may have been rotated.
    package var leavesDoubt: Bool {
        switch kind {
        case .noAnswer, .serverError, .notJSON, .malformedTokens(refreshToken: nil): true
        default: false
        }
    }

    init(_ failure: HTTPTransport.Failure) {
        switch failure {
        case .notSent(let why, let detail): self.init(.unreachable(why), detail)
        case .noAnswer(let detail): self.init(.noAnswer, detail)
        }
    }
}
