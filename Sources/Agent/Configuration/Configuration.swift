package import Auth0

/// What the configuration files say, checked: the system-wide file, overridden key by key by the user's.
package struct Configuration: Equatable, Sendable {
    package var agent = AgentSettings()
    /// In the order of the files.
    package private(set) var profiles: [Profile] = []
    /// Where each profile is among ``profiles``: a file may have thousands, and each is looked up at a reload.
    private var indices: [String: Int] = [:]

    package init() {}

    package func profile(_ name: String) -> Profile? {
        indices[name].map { profiles[$0] }
    }

    /// - Parameter profile: of a name that no other has.
    mutating func add(_ profile: Profile) {
        indices[profile.name] = profiles.count
        profiles.append(profile)
    }

    /// The group `[agent]`.
    package struct AgentSettings: Equatable, Sendable {
        package var defaultProfile: String?
        /// Seconds; a request may ask for more or less.
        package var minTTL = 60
        /// Seconds.
        package var wait = 20
        package var maxConnections = 256
        /// Whether a refresh token that could not be saved is handed to the service manager until it can.
        package var keepUnsaved = true
        /// The program that asks where there is no terminal; nil leaves it to the command.
        package var pinentry: String?
        /// Whether desktop notifications are shown.
        package var notifications = true
    }
}

/// One named sign-in: the group `[profile NAME]`.
package struct Profile: Equatable, Sendable {
    package var name: String
    package var issuer: Issuer
    package var clientID: String
    package var clientAuth = ClientAuth.none
    package var connection = "email"
    /// E-mail address or E.164 phone number; asked for if absent.
    package var username: String?
    package var audience: String?
    /// As requested from the tenant. `openid` is always among them: without an ID token the agent would not know who signed in.
    package var scope = "openid profile email offline_access"
    /// Further audiences of a multi-resource refresh token.
    package var audiences: [String] = []
    package var authParams: [String: String] = [:]
    package var persist = Persist.keyring
    package var refresh = RefreshPolicy.ahead
    /// Seconds before expiry at which a refresh ahead is due; a quarter of the token's lifetime at most.
    package var refreshMargin = 300
    /// The tenant's rotation overlap period, seconds.
    package var rotationOverlap = 0
    /// The tenant's absolute refresh token lifetime, seconds.
    package var sessionLifetime = 2_592_000
    package var language: String?
    package var forwardedFor = ForwardedFor.off
    /// The certificates of `ca_file`, as they were when the configuration was read.
    package var trustAnchors: TrustAnchors?

    /// Whether nothing is served while the desktop session is locked.
    package var lock = Lock.never

    package enum Lock: String, CaseIterable, Sendable {
        case never, screen
    }

    package enum ClientAuth: String, CaseIterable, Sendable {
        case none
        case secretPost = "client_secret_post"
        case secretBasic = "client_secret_basic"
        case privateKeyJWT = "private_key_jwt"
    }

    package enum Persist: String, CaseIterable, Sendable {
        case keyring, session, memory
    }

    package enum RefreshPolicy: String, CaseIterable, Sendable {
        case ahead
        case onDemand = "on-demand"
    }

    package enum ForwardedFor: Equatable, Sendable {
        case off
        /// The address in the caller's SSH_CONNECTION, which the CLI sends.
        case ssh
        case address(String)
    }
}
