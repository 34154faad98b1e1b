import Auth0
import PosternProtocol
import OutsideInput

/// Whom a login is about and how the code is sent: what a second `login.start` must agree with to join the first.
struct LoginTarget: Equatable, Sendable {
    var connection: String
    /// E-mail address or E.164 phone number.
    var username: String

    /// The longest e-mail address (RFC 5321, section 4.5.3.1: 64 bytes, an at sign, 255), in bytes.
    private static let longestAddress = 320

    static func == (one: LoginTarget, other: LoginTarget) -> Bool {
        one.connection == other.connection && SignInAddress(one.username) == SignInAddress(other.username)
    }

    /// Whether who is reached by it may sign in to the profile.
    func isAllowed(by profile: Profile) -> Bool {
        guard let username = profile.username else { return true }
        return self == LoginTarget(connection: profile.connection, username: username)
    }

    private init(connection: String, username: String) {
        self.connection = connection
        self.username = username
    }

    /// Where an address is configured, nobody else can sign in.
    ///
    /// - Throws: 1014 if the request names another address or connection. Another spelling of the address is the address.
    static func checkAddress(of request: StartLogin, profile: Profile) throws(AgentError) {
        guard let username = profile.username else { return }
        let named = request.username.map(\.trimmed).flatMap { $0.isEmpty ? nil : $0 } ?? username
        let target = LoginTarget(connection: request.connection ?? profile.connection, username: named)
        guard target.isAllowed(by: profile) else { throw .otherAddress(profile: profile.name) }
    }

    /// - Throws: 1014 for another address than the configured one, -32602 if the address is missing or plainly wrong, 1015 for what this version does
    ///   not do.
    ///
    /// - Parameter live: the target of the profile's live login, which a request that names nobody means.
    init(_ request: StartLogin, profile: Profile, live: LoginTarget?) throws(AgentError) {
        try Self.checkAddress(of: request, profile: profile)
        connection = request.connection ?? profile.connection
        guard request.send ?? "code" == "code" else {
            throw AgentError(.misconfigured, "Signing in by a link is not available in this version.") { data in
                data.profile = profile.name
                data.hint = "Leave send out, or set it to code."
            }
        }
        let joined = connection == live?.connection ? live?.username : nil
        // The configured address is sent as it is configured, however the request spells it.
        let named = request.username?.trimmed.isEmpty == true ? request.username : profile.username ?? request.username
        guard let username = (named ?? joined)?.trimmed, !username.isEmpty else {
            throw AgentError(.invalidParams, "Whom shall the code be sent to? The profile names nobody.") { data in
                data.profile = profile.name
                data.missing = ["username"]
                data.hint = "Give an e-mail address or a phone number, or set username in the profile."
            }
        }
        let isVisible = username.unicodeScalars.allSatisfy(\.isPrintable)
        let problem =
            isVisible && username.utf8.count <= Self.longestAddress
            ? PasswordlessStart.problem(with: username, connection: connection)
            : "may have \(Self.longestAddress) bytes and no invisible characters"
        if let problem {
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
