/// The grant types an application can have switched on.
package enum Grant: String, Sendable, Codable, CaseIterable {
    /// The `http://` is part of the name.
    case passwordlessOTP = "http://auth0.com/oauth/grant-type/passwordless/otp"
    case refreshToken = "refresh_token"
    case mfaOTP = "http://auth0.com/oauth/grant-type/mfa-otp"
    case mfaOOB = "http://auth0.com/oauth/grant-type/mfa-oob"
    case mfaRecoveryCode = "http://auth0.com/oauth/grant-type/mfa-recovery-code"

    /// Accepts the short names of the control endpoints too.
    init?(name: String) {
        switch name {
        case "otp": self = .passwordlessOTP
        case "refresh": self = .refreshToken
        case "mfa-otp", "mfa-oob", "mfa-recovery-code":
            self.init(rawValue: "http://auth0.com/oauth/grant-type/" + name)
        default: self.init(rawValue: name)
        }
    }
}
