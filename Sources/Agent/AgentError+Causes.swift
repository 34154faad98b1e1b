import Auth0
import KeyringProtocol
import PosternProtocol

extension AgentError {
    /// What the tenant or the way to it answered, in the agent's terms.
    init(_ error: Auth0Error, profile: String) {
        let (code, message, cause): (Code, String, String?) =
            switch error.kind {
            case .wrongCode: (.wrongCode, "That code is wrong.", nil)
            case .codeExpired: (.codeExpired, "That code has expired.", nil)
            case .tooManyAttempts(blocked: false): (.tooManyAttempts, "The code was tried too often and is dead.", nil)
            case .tooManyAttempts(blocked: true):
                (.tooManyAttempts, "The tenant has blocked further sign-ins for now.", nil)
            case .invalidAddress: (.invalidParams, "The tenant does not accept that address.", nil)
            case .refreshTokenRefused: (.loginRequired, "The tenant refused the refresh token.", nil)
            case .mfaRequired: (.mfaRequired, "The tenant asks for a second factor.", nil)
            case .pending: (.timeout, "The sign-in was not approved in time.", nil)
            case .mfaExpired: (.codeExpired, "The time for the second factor is over.", nil)
            case .factorUnavailable: (.invalidParams, "That factor cannot be used: \(error.detail).", nil)
            case .denied: (.denied, "The tenant denied it: \(error.detail).", "tenant")
            case .misconfigured: (.misconfigured, "The tenant did not accept the call: \(error.detail).", nil)
            case .rateLimited: (.rateLimited, "The tenant's rate limit is reached.", nil)
            case .unreachable(let why): (.offline, "The tenant cannot be reached: \(error.detail).", why.rawValue)
            case .noAnswer: (.offline, "The tenant did not answer: \(error.detail).", "timeout")
            case .serverError: (.offline, "The tenant is in trouble: \(error.detail).", "server_error")
            case .notJSON: (.offline, "The tenant did not answer: \(error.detail).", "not_json")
            case .protocolViolation, .malformedTokens:
                (.tenantError, "The tenant's answer breaks the protocol: \(error.detail).", nil)
            }
        self.init(code, message) { data in
            data.profile = profile
            data.cause = cause
            data.hint = error.hint
            data.error = error.error
            data.errorDescription = error.description
            switch error.kind {
            case .rateLimited(let retryAfter): data.retryAfter = retryAfter
            case .tooManyAttempts(blocked: true): data.blocked = true
            case .tooManyAttempts(blocked: false), .codeExpired: data.hint = "Sign in again to get a new code."
            case .mfaExpired: data.hint = "Sign in again."
            case .invalidAddress: data.missing = ["username"]
            default: break
            }
        }
    }

    /// Why the keyring could not be used.
    init(_ error: SecretStoreError, profile: String?) {
        switch error {
        case .locked:
            self.init(.keyringLocked, "The keyring is locked.") { data in
                data.profile = profile
                data.hint = "Unlock it by 'postern unlock-keyring', then try again."
            }
        case .absent(let reason):
            self.init(.keyringUnavailable, "There is no keyring (Secret Service): \(TenantText.printable(reason)).") {
                data in
                data.profile = profile
                data.cause = "absent"
                data.hint = "Start one, such as gnome-keyring, or set persist = memory in the profile."
            }
        case .noCollection(let collection):
            self.init(.keyringUnavailable, "The keyring has no \(collection.rawValue) collection.") { data in
                data.profile = profile
                data.cause = collection == .session ? "no_session_collection" : "no_collection"
                data.hint =
                    collection == .session
                    ? "Set persist = keyring or persist = memory in the profile."
                    : "Create one, for example in \"Passwords and Keys\", and make it the default."
            }
        case .failing(let detail):
            self.init(.keyringUnavailable, "The keyring does not work: \(TenantText.printable(detail)).") { data in
                data.profile = profile
                data.cause = "failing"
                data.retryable = true
            }
        case .storageFull(let obstacle):
            self.init(.keyringUnavailable, "The keyring takes nothing: the disk it is kept on \(obstacle).") { data in
                data.profile = profile
                data.cause = "storage_full"
                data.retryable = true
                data.hint = "Make room. What could not be saved is kept in memory and saved as soon as it can be."
            }
        case .corrupt(let item) where item.kind == .clientSecret:
            self.init(.keyringUnavailable, "The keyring's client secret of profile \(item.profile) is damaged.") {
                data in
                data.profile = item.profile
                data.cause = "corrupt"
                data.hint = "Set it anew by 'postern client-secret set \(item.profile)'."
            }
        case .corrupt(let item):
            self.init(Credentials.Unreadable.corrupt, profile: item.profile)
        }
    }

    /// The keyring holds a record that cannot be used and is left as it is.
    init(_ error: Credentials.Unreadable, profile: String) {
        switch error {
        case .corrupt:
            self.init(.keyringUnavailable, "The keyring's record of profile \(profile) is damaged.") { data in
                data.profile = profile
                data.cause = "corrupt"
                data.hint =
                    "Sign in anew by 'postern login \(profile)', which replaces it, or delete it by 'postern logout \(profile)'."
            }
        case .newerVersion(let version):
            self.init(.keyringUnavailable, "The keyring's record of profile \(profile) has format \(version).") {
                data in
                data.profile = profile
                data.cause = "unsupported_version"
                data.hint =
                    "A newer posternd wrote it; use that one, or delete the record by 'postern logout \(profile)'."
            }
        }
    }

    static func loginRequired(_ cause: String, profile: String) -> AgentError {
        let message =
            switch cause {
            case "never": "Nobody is signed in to profile \(profile)."
            case "expired": "The sign-in of profile \(profile) has come to its end."
            case "lost_answer":
                "The answer to a refresh of profile \(profile) was lost, and the tenant has since dropped the sign-in."
            case "reuse_suspected":
                "The tenant refused a refresh token of profile \(profile) that should be valid: it was revoked, or somebody else used it."
            case "user_deleted": "The tenant no longer knows the person who signed in to profile \(profile)."
            case "settings_changed":
                "The sign-in of profile \(profile) was made under other settings, and is not used under these."
            case "no_refresh_token":
                "The access token of profile \(profile) has expired and the tenant gave no refresh token."
            default: "The sign-in of profile \(profile) is no longer valid."
            }
        return AgentError(.loginRequired, message) { data in
            data.profile = profile
            data.cause = cause
            data.hint =
                switch cause {
                case "no_refresh_token":
                    "Sign in by 'postern login \(profile)'; for refresh tokens, request offline_access and allow it for the API."
                case "settings_changed":
                    "Sign in by 'postern login \(profile)', or put back what was changed: issuer, client_id, audience, scope or ca_file."
                default: "Sign in by 'postern login \(profile)'."
                }
        }
    }
}

extension AgentError {
    static func idTokenInvalid(_ error: IDTokenError, profile: String) -> AgentError {
        AgentError(.idTokenInvalid, "The tenant's ID token is not valid: \(error.rule).") { data in
            data.profile = profile
            data.cause = String(describing: error).prefix { $0 != "(" }.description
            data.hint = "Check domain and client_id of the profile, and this machine's clock."
        }
    }
}
