/// The grant types an application can have switched on.
package enum Grant: String, Sendable, Codable, CaseIterable {
    /// The `http://` is part of the name.
    case passwordlessOTP = "http://auth0.com/oauth/grant-type/passwordless/otp"
    case refreshToken = "refresh_token"

    /// Accepts the short names of the control endpoints too.
    init?(name: String) {
        switch name {
        case "otp": self = .passwordlessOTP
        case "refresh": self = .refreshToken
        default: self.init(rawValue: name)
        }
    }
}
