/// What a person can do about an error: the setting of the tenant's dashboard, by the name it has there.
enum Hint {
    static let blocked =
        "Wait, follow the link in the tenant's message, or have an administrator unblock you (User Management > Users)."
    static let captivePortal =
        "A captive portal or a proxy may stand between; open a web page to check, then try again."
    static let botDetection =
        "Have an administrator set Security > Attack Protection > Bot Detection to never ask in passwordless flows."
    static let clientAuthentication =
        "Compare client_id and client_auth of the profile with Applications > Credentials; set a secret by 'postern client-secret set'."
    static let clientID = "Compare domain and client_id of the profile with Applications > Settings."
    static let connection =
        "Enable the connection under Authentication > Passwordless, and for this application under its Connections tab."
    static let smsProvider = "Check the SMS provider under Authentication > Passwordless > SMS."
    static let userBlocked = "Have an administrator unblock you under User Management > Users."
    static let failedCodes =
        "Wait some minutes; the tenant gives a try back every six. Another factor may work meanwhile."
    static let otherFactor = "Wait some minutes, or choose another factor."
    static let alreadyEnrolled = "See 'postern mfa list'."
    static let factors = "Choose another, or have it enabled under Security > Multi-factor Auth."
    static let parameters = "Check audience, scope and auth_params of the profile."

    static func grant(_ call: Call) -> String {
        let name = call.isMFA ? "MFA" : call == .refresh ? "Refresh Token" : "Passwordless OTP"
        return "Enable the grant \"\(name)\" under Applications > Advanced Settings > Grant Types."
    }
}
