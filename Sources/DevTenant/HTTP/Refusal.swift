/// An error answer of an OAuth or passwordless endpoint: `{"error", "error_description", …}`.
struct Refusal: Error {
    let status: Int
    let error: String
    let description: String?
    var members: [String: JSON] = [:]

    var answer: Answer {
        var body = members
        body["error"] = .string(error)
        body["error_description"] = description.map(JSON.string)
        return .json(status, .object(body))
    }

    init(_ status: Int, _ error: String, _ description: String?, members: [String: JSON] = [:]) {
        self.status = status
        self.error = error
        self.description = description
        self.members = members
    }

    static func invalidRequest(_ description: String) -> Refusal { Refusal(400, "invalid_request", description) }

    static func invalidGrant(_ description: String) -> Refusal { Refusal(403, "invalid_grant", description) }

    static func grantNotAllowed(_ grant: String) -> Refusal {
        Refusal(
            403, "unauthorized_client", "Grant type '\(grant)' not allowed for the client.",
            members: ["error_uri": "https://auth0.com/docs/clients/client-grant-types"])
    }

    static let unknownRefreshToken = invalidGrant("Unknown or invalid refresh token.")
    static let refreshTokenOfDeletedUser = invalidGrant(
        "The refresh_token was generated for a user who doesn't exist anymore.")
    static let userIsBlocked = Refusal(401, "unauthorized", "user is blocked")
    static let tooManyAttempts = Refusal(
        429, "too_many_attempts",
        "Your account has been blocked after multiple consecutive login attempts. "
            + "We've sent you an email with instructions on how to unblock it.")
    static let tooManyRequests = Refusal(
        429, "too_many_requests", "Rate limit exceeded. Please retry after some time.")
}
