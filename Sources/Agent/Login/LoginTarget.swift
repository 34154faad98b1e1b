import Auth0
import PosternProtocol

/// Whom a login is about and how the code is sent: what a second `login.start` must agree with to join the first.
struct LoginTarget: Equatable, Sendable {
    var connection: String
    /// E-mail address or E.164 phone number.
    var username: String

    /// - Throws: -32602 if the address is missing or plainly wrong, 1015 for what this version does not do.
    ///
    /// - Parameter live: the target of the profile's live login, which a request that names nobody means.
    init(_ request: StartLogin, profile: Profile, live: LoginTarget?) throws(AgentError) {
        connection = request.connection ?? profile.connection
        guard request.send ?? "code" == "code" else {
            throw AgentError(.misconfigured, "Signing in by a link is not available in this version.") { data in
                data.profile = profile.name
                data.hint = "Leave send out, or set it to code."
            }
        }
        // The configured address is one of the configured connection.
        let configured = connection == profile.connection ? profile.username : nil
        let joined = connection == live?.connection ? live?.username : nil
        guard let username = (request.username ?? configured ?? joined)?.trimmed, !username.isEmpty else {
            throw AgentError(.invalidParams, "Whom shall the code be sent to? The profile names nobody.") { data in
                data.profile = profile.name
                data.missing = ["username"]
                data.hint = "Give an e-mail address or a phone number, or set username in the profile."
            }
        }
        if let problem = PasswordlessStart.problem(with: username, connection: connection) {
            throw AgentError(.invalidParams, "The address \(problem).") { data in
                data.profile = profile.name
                data.missing = ["username"]
            }
        }
        self.username = username
    }

    var masked: String { Self.masked(username) }

    /// An address with most of it hidden: enough for a person to recognise, too little for others.
    static func masked(_ address: String) -> String {
        guard let at = address.lastIndex(of: "@") else {
            return "***" + address.suffix(4)
        }
        return "\(address.prefix(1))***\(address[at...])"
    }
}
