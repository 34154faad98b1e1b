extension AgentError.Code {
    // JSON-RPC 2.0, section 5.1.
    package static let parseError = Self(rawValue: -32700)
    package static let invalidRequest = Self(rawValue: -32600)
    package static let methodNotFound = Self(rawValue: -32601)
    package static let invalidParams = Self(rawValue: -32602)
    package static let internalError = Self(rawValue: -32603)

    // The agent's own, outside the range -32768…-32000 that JSON-RPC reserves.
    package static let loginRequired = Self(rawValue: 1001)
    package static let unknownProfile = Self(rawValue: 1002)
    package static let agentLocked = Self(rawValue: 1003)
    package static let keyringLocked = Self(rawValue: 1004)
    package static let keyringUnavailable = Self(rawValue: 1005)
    package static let offline = Self(rawValue: 1006)
    package static let rateLimited = Self(rawValue: 1007)
    package static let wrongCode = Self(rawValue: 1008)
    package static let codeExpired = Self(rawValue: 1009)
    package static let tooManyAttempts = Self(rawValue: 1010)
    package static let mfaRequired = Self(rawValue: 1011)
    package static let loginNotFound = Self(rawValue: 1012)
    package static let wrongStep = Self(rawValue: 1013)
    package static let denied = Self(rawValue: 1014)
    package static let misconfigured = Self(rawValue: 1015)
    package static let timeout = Self(rawValue: 1016)
    package static let ttlUnavailable = Self(rawValue: 1017)
    package static let scopeNotGranted = Self(rawValue: 1018)
    package static let busy = Self(rawValue: 1019)
    package static let tenantError = Self(rawValue: 1020)
    package static let idTokenInvalid = Self(rawValue: 1021)

    /// `data.reason`: the code's name.
    package var reason: String { row?.reason ?? "unknown" }

    /// Whether waiting alone may cure it.
    package var isRetryable: Bool { row?.retryable ?? false }

    /// The exit status of a command that ends with this error (sysexits.h).
    package var exitStatus: Int32 { row?.exitStatus ?? ExitStatus.software }

    private var row: (reason: String, retryable: Bool, exitStatus: Int32)? {
        switch self {
        case .parseError: ("parse_error", false, ExitStatus.software)
        case .invalidRequest: ("invalid_request", false, ExitStatus.software)
        case .methodNotFound: ("method_not_found", false, ExitStatus.software)
        case .invalidParams: ("invalid_params", false, ExitStatus.usage)
        case .internalError: ("internal_error", false, ExitStatus.software)
        case .loginRequired: ("login_required", false, ExitStatus.noPermission)
        case .unknownProfile: ("unknown_profile", false, ExitStatus.noInput)
        case .agentLocked: ("agent_locked", false, ExitStatus.noPermission)
        case .keyringLocked: ("keyring_locked", true, ExitStatus.tryAgain)
        case .keyringUnavailable: ("keyring_unavailable", false, ExitStatus.ioError)
        case .offline: ("offline", true, ExitStatus.tryAgain)
        case .rateLimited: ("rate_limited", true, ExitStatus.tryAgain)
        case .wrongCode: ("wrong_code", false, ExitStatus.badData)
        case .codeExpired: ("code_expired", false, ExitStatus.badData)
        case .tooManyAttempts: ("too_many_attempts", false, ExitStatus.badData)
        case .mfaRequired: ("mfa_required", false, ExitStatus.noPermission)
        case .loginNotFound: ("login_not_found", false, ExitStatus.badData)
        case .wrongStep: ("wrong_step", false, ExitStatus.badData)
        case .denied: ("denied", false, ExitStatus.noPermission)
        case .misconfigured: ("misconfigured", false, ExitStatus.configuration)
        case .timeout: ("timeout", true, ExitStatus.tryAgain)
        case .ttlUnavailable: ("ttl_unavailable", false, ExitStatus.badData)
        case .scopeNotGranted: ("scope_not_granted", false, ExitStatus.noPermission)
        case .busy: ("busy", true, ExitStatus.tryAgain)
        case .tenantError: ("tenant_error", false, ExitStatus.protocolError)
        case .idTokenInvalid: ("id_token_invalid", false, ExitStatus.protocolError)
        default: nil
        }
    }
}

/// Exit statuses that scripts can rely on, by their sysexits.h meaning.
package enum ExitStatus {
    package static let usage: Int32 = 64
    package static let badData: Int32 = 65
    package static let noInput: Int32 = 66
    /// The agent is not running (EX_UNAVAILABLE).
    package static let unavailable: Int32 = 69
    package static let software: Int32 = 70
    package static let ioError: Int32 = 74
    package static let tryAgain: Int32 = 75
    package static let protocolError: Int32 = 76
    package static let noPermission: Int32 = 77
    package static let configuration: Int32 = 78
}
