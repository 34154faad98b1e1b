import Auth0
import Glibc
import PosternProtocol

extension Configuration {
    /// Reads the files in order of rising precedence; those that do not exist count as empty.
    package static func read(_ paths: [String]) throws(ConfigurationError) -> Configuration {
        var groups: [ConfigurationGroup] = []
        var indices: [String: Int] = [:]
        for path in paths {
            for (name, entries) in try KeyFile.read(path)?.groups ?? [] {
                let index = indices[name, default: groups.count]
                if index == groups.count {
                    groups.append(ConfigurationGroup(name: name, file: path))
                    indices[name] = index
                }
                for entry in entries {
                    try groups[index].add(entry, from: path)
                }
            }
        }
        return try Configuration(groups)
    }

    /// Checks a profile that is not in a file yet.
    static func check(_ entries: [KeyFile.Entry], ofProfile name: String, file: String) throws(ConfigurationError) {
        var group = ConfigurationGroup(name: "profile \(name)", file: file)
        for entry in entries {
            try group.add(entry, from: file)
        }
        _ = try Profile(group, name: name)
    }

    private init(_ groups: [ConfigurationGroup]) throws(ConfigurationError) {
        for group in groups {
            // One blank alone: "profile  work" would be a second group for the same profile.
            let words = group.name.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            switch (words.first, words.count) {
            case ("agent", 1):
                agent = try AgentSettings(group)
            case ("profile", 2):
                add(try Profile(group, name: words[1]))
            case ("socket", 2):
                throw ConfigurationError(
                    file: group.file, group: group.name, problem: "further sockets are not available in this version")
            default:
                let known = ["agent", "profile NAME"]
                let hint = ConfigurationError.suggestion(for: words.first ?? "", among: ["agent", "profile"])
                throw ConfigurationError(
                    file: group.file, group: group.name,
                    problem: "is not a group of this file; there are \(known.joined(separator: " and "))\(hint)")
            }
        }
        if let name = agent.defaultProfile, profile(name) == nil,
            let group = groups.first(where: { $0.name == "agent" })
        {
            let hint = ConfigurationError.suggestion(for: name, among: profiles.map(\.name))
            throw group.error("default_profile", "there is no profile \(name.quoted)\(hint)")
        }
    }
}

extension Configuration.AgentSettings {
    fileprivate init(_ group: ConfigurationGroup) throws(ConfigurationError) {
        self.init()
        try group.refuseUnknownKeys(known: [
            "default_profile", "min_ttl", "wait", "max_connections", "keep_unsaved", "pinentry", "notifications",
        ])
        defaultProfile = try group.text("default_profile")
        minTTL = try group.integer("min_ttl", in: 0...86_400) ?? minTTL
        wait = try group.integer("wait", in: 0...600) ?? wait
        maxConnections = try group.integer("max_connections", in: 1...65_536) ?? maxConnections
        keepUnsaved = try group.flag("keep_unsaved") ?? keepUnsaved
        notifications = try group.flag("notifications") ?? notifications
        pinentry = try group.text("pinentry")
        if let pinentry, pinentry.contains("/"), !pinentry.hasPrefix("/") {
            throw group.error("pinentry", "must be an absolute path or a program's name, not \(pinentry.quoted)")
        }
    }
}

extension Profile {
    /// Bytes. A sign-in is bound to these, in a record that must stay short.
    private static let longestName = 2048
    private static let longestScope = TenantScope.byteLimit
    private static let keys = AddProfile.Key.allCases.filter { $0 != .name }.map(\.rawValue)

    /// Whether a text can name a profile.
    package static func isValid(name: String) -> Bool { ProfileName.isValid(name) }

    fileprivate init(_ group: ConfigurationGroup, name: String) throws(ConfigurationError) {
        guard Self.isValid(name: name) else {
            throw ConfigurationError(
                file: group.file, group: group.name,
                problem: "a profile's name is 1 to 64 letters, digits, dots, underscores and hyphens")
        }
        try group.refuseUnknownKeys(known: Self.keys)
        guard let clientID = try group.text("client_id", limit: Self.longestName) else {
            throw group.error(
                "client_id", "is missing; it stands under Applications > Settings of the tenant's dashboard")
        }
        self.init(name: name, issuer: try Self.issuer(group), clientID: clientID)
        clientAuth = try group.choice("client_auth") ?? clientAuth
        connection = try group.text("connection") ?? connection
        username = try group.text("username")
        audience = try group.text("audience", limit: Self.longestName)
        _ = try group.text("scope", limit: Self.longestScope)
        scope = Self.withOpenID(try group.words("scope")) ?? scope
        audiences = try group.words("audiences") ?? audiences
        authParams = try Self.authParams(group)
        persist = try group.choice("persist") ?? persist
        refresh = try group.choice("refresh") ?? refresh
        refreshMargin = try group.integer("refresh_margin", in: 0...86_400) ?? refreshMargin
        rotationOverlap = try group.integer("rotation_overlap", in: 0...86_400) ?? rotationOverlap
        sessionLifetime = try group.integer("session_lifetime", in: 60...31_557_600) ?? sessionLifetime
        language = try group.text("language")
        forwardedFor = try Self.forwardedFor(group, authentication: clientAuth)
        trustAnchors = try Self.trustAnchors(group)
        try group.onlyDefault("send", "code")
        try group.onlyDefault("confirm", "never")
        lock = try group.choice("lock") ?? lock
        _ = try group.integer("callback_port", in: 1...65_535)
        if let username {
            try Self.check(username, for: connection, in: group)
        }
    }

    private static func issuer(_ group: ConfigurationGroup) throws(ConfigurationError) -> Issuer {
        let (domain, url) = (try group.text("domain"), try group.text("issuer"))
        do {
            switch (domain, url) {
            case (let domain?, nil): return try Issuer(domain: domain)
            case (nil, let url?): return try Issuer(url: url)
            case (nil, nil):
                throw group.error("domain", "is missing; it is the tenant's host name, such as acme.eu.auth0.com")
            case (_?, _?): throw group.error("domain", "and issuer say the same thing; keep one of them")
            }
        } catch let error as ConfigurationError {
            throw error
        } catch let error as Issuer.Invalid {
            throw group.error(domain == nil ? "issuer" : "domain", error.reason)
        } catch {
            throw group.error("domain", "cannot be read")
        }
    }

    private static func withOpenID(_ scopes: [String]?) -> String? {
        guard let scopes else { return nil }
        return (scopes.contains("openid") ? scopes : ["openid"] + scopes).joined(separator: " ")
    }

    private static func authParams(_ group: ConfigurationGroup) throws(ConfigurationError) -> [String: String] {
        var params: [String: String] = [:]
        for word in try group.words("auth_params") ?? [] {
            guard let separator = word.firstIndex(of: "="), separator != word.startIndex else {
                throw group.error("auth_params", "must be written key=value, not \(word.quoted)")
            }
            params[String(word[..<separator])] = String(word[word.index(after: separator)...])
        }
        return params
    }

    private static func forwardedFor(
        _ group: ConfigurationGroup, authentication: ClientAuth
    ) throws(ConfigurationError) -> ForwardedFor {
        guard let text = try group.text("forwarded_for"), text != "off" else { return .off }
        guard authentication == .secretPost || authentication == .secretBasic else {
            throw group.error(
                "forwarded_for",
                "needs client_auth = client_secret_post or client_secret_basic: the tenant believes no other client")
        }
        guard text == "ssh" || Self.isIPAddress(text) else {
            throw group.error("forwarded_for", "must be off, ssh or an IP address, not \(text.quoted)")
        }
        return text == "ssh" ? .ssh : .address(text)
    }

    static func isIPAddress(_ text: String) -> Bool {
        var bytes = in6_addr()
        // C would read it up to its first NUL.
        return !text.utf8.contains(0)
            && (inet_pton(AF_INET, text, &bytes) == 1 || inet_pton(AF_INET6, text, &bytes) == 1)
    }

    private static func trustAnchors(_ group: ConfigurationGroup) throws(ConfigurationError) -> TrustAnchors? {
        guard let path = try group.text("ca_file") else { return nil }
        guard path.hasPrefix("/") else { throw group.error("ca_file", "must be an absolute path, not \(path.quoted)") }
        do {
            guard let text = try PrivateFile.read(path) else {
                throw group.error("ca_file", "\(path.quoted) does not exist")
            }
            return try TrustAnchors(pem: text)
        } catch let problem as PrivateFile.Problem {
            throw group.error("ca_file", "\(path.quoted) \(problem)")
        } catch let invalid as TrustAnchors.Invalid {
            throw group.error("ca_file", "\(path.quoted) \(invalid.reason)")
        } catch let error as ConfigurationError {
            throw error
        } catch {
            throw group.error("ca_file", "\(path.quoted) cannot be read")
        }
    }

    private static func check(
        _ username: String, for connection: String, in group: ConfigurationGroup
    ) throws(ConfigurationError) {
        if let problem = PasswordlessStart.problem(with: username, connection: connection) {
            throw group.error("username", problem)
        }
    }
}
