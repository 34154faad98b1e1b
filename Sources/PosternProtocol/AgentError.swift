/// An error as the agent answers it: a number for programs, a sentence for people.
package struct AgentError: Error, Codable, Equatable, Sendable {
    package var code: Code
    package var message: String
    package var data: Details

    package init(_ code: Code, _ message: String, _ edit: (inout Details) -> Void = { _ in }) {
        self.code = code
        self.message = message
        self.data = Details(reason: code.reason, retryable: code.isRetryable)
        edit(&self.data)
    }

    /// What a program may want to know besides the code. Only `reason` and `retryable` are always there.
    package struct Details: Codable, Equatable, Sendable {
        /// The code's name, such as `login_required`.
        package var reason: String
        /// Whether the same request may succeed later with nobody doing anything.
        package var retryable: Bool
        package var profile: String?
        /// What a person can do next.
        package var hint: String?
        /// Seconds after which trying again makes sense.
        package var retryAfter: Int?
        /// Which of the code's reasons it was, such as `dns` for `offline`.
        package var cause: String?
        /// The profiles there are (`unknown_profile`).
        package var profiles: [String]?
        /// The person, not only the code, is blocked at the tenant (`too_many_attempts`).
        package var blocked: Bool?
        /// `error` as the tenant sent it.
        package var error: String?
        /// `error_description` as the tenant sent it, less its control characters.
        package var errorDescription: String?
        /// The params that were not given, or the scopes that were not granted.
        package var missing: [String]?
        /// The login to answer (`mfa_required`).
        package var login: LoginState?

        package init(reason: String, retryable: Bool) {
            self.reason = reason
            self.retryable = retryable
        }

        private enum CodingKeys: String, CodingKey {
            case reason, retryable, profile, hint
            case retryAfter = "retry_after"
            case cause, profiles, blocked, error
            case errorDescription = "error_description"
            case missing, login
        }
    }

    /// An error code. A struct, not an enum, so that a client can pass on a code that is newer than itself.
    package struct Code: RawRepresentable, Codable, Hashable, Sendable {
        package let rawValue: Int

        package init(rawValue: Int) {
            self.rawValue = rawValue
        }

        package init(from decoder: any Decoder) throws {
            rawValue = try decoder.singleValueContainer().decode(Int.self)
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(rawValue)
        }
    }
}
