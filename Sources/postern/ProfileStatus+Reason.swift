import PosternProtocol

extension ProfileStatus {
    /// Who asks the person to sign in, and why: what every dialog begins with.
    ///
    /// - Parameter isForProgram: a program waits for a token.
    func request(isForProgram: Bool) -> String {
        let what =
            state == .mfaRequired
            ? "asks for your second factor" : "asks you to sign in\(reason.map { ", because \($0)" } ?? "")"
        return "Postern: profile \(name) of \(tenant) \(what)." + (isForProgram ? " A program waits for a token." : "")
    }

    /// The issuer's host, with the port if it has one.
    private var tenant: String {
        let rest = issuer.split(separator: "/", omittingEmptySubsequences: true)
        return rest.count > 1 && rest[0].hasSuffix(":") ? String(rest[1]) : issuer
    }

    private var reason: String? {
        switch state {
        case .signedOut: "nobody is signed in"
        case .loginRequired:
            switch lastError?.data.cause {
            case "never": "nobody is signed in"
            case "expired": "the last sign-in has expired"
            case "revoked": "the last sign-in was revoked"
            case "lost_answer": "the tenant's answer to a renewal was lost"
            case "reuse_suspected": "the last sign-in may have been used by somebody else"
            case "user_deleted": "the tenant no longer knows the account"
            case "no_refresh_token": "the last sign-in cannot be renewed"
            case "account_changed": "the last sign-in is now another account's"
            case "settings_changed": "the profile's settings have changed"
            default: "the last sign-in has ended"
            }
        case .mfaRequired, .locked, .offline, .refreshing, .signedIn: nil
        }
    }

    /// Whether a sign-in has ended by itself, so that only a person brings it back.
    var hasEnded: Bool { state == .loginRequired || state == .mfaRequired }
}
