/// `agent.hello`: who answers, and which protocol versions it speaks.
package struct Hello: Request {
    package static let method = "agent.hello"

    package init() {}

    package enum CodingKeys: CodingKey, CaseIterable {}

    package struct Response: Codable, Equatable, Sendable {
        package var name: String
        package var version: String
        package var `protocol`: VersionRange
        package var pid: Int32
        package var startedAt: UnixTime
        /// The desktop session, if there is one.
        package var session: DesktopSession?
        /// The program that `pinentry` of `[agent]` names.
        package var pinentry: String?

        package init(name: String, version: String, protocol: VersionRange, pid: Int32, startedAt: UnixTime) {
            self.name = name
            self.version = version
            self.protocol = `protocol`
            self.pid = pid
            self.startedAt = startedAt
        }

        private enum CodingKeys: String, CodingKey {
            case name, version, `protocol`, pid
            case startedAt = "started_at"
            case session, pinentry
        }
    }

    package struct VersionRange: Codable, Equatable, Sendable {
        package var min: Int
        package var max: Int

        package init(min: Int, max: Int) {
            self.min = min
            self.max = max
        }
    }
}

/// `agent.status`: everything the agent can tell about itself without a secret.
package struct GetStatus: Request {
    package static let method = "agent.status"

    package init() {}

    package enum CodingKeys: CodingKey, CaseIterable {}

    package struct Response: Codable, Equatable, Sendable {
        package var version: String
        package var startedAt: UnixTime
        package var locked: Bool
        package var keyring: KeyringState
        package var configFile: String
        /// Why the configuration file on disk is not in force.
        package var configError: String?
        package var profiles: [ProfileStatus]
        package var counters: [String: Int]

        package init(
            version: String, startedAt: UnixTime, locked: Bool, keyring: KeyringState, configFile: String,
            configError: String?, profiles: [ProfileStatus], counters: [String: Int]
        ) {
            self.version = version
            self.startedAt = startedAt
            self.locked = locked
            self.keyring = keyring
            self.configFile = configFile
            self.configError = configError
            self.profiles = profiles
            self.counters = counters
        }

        private enum CodingKeys: String, CodingKey {
            case version
            case startedAt = "started_at"
            case locked, keyring
            case configFile = "config_file"
            case configError = "config_error"
            case profiles, counters
        }
    }
}

/// The Secret Service as seen from the agent.
package enum KeyringState: String, Codable, Sendable {
    case available, locked
    /// No provider runs or can be started, or it has no default collection.
    case absent
    /// It is there but does not answer as it should.
    case failing
}

/// `agent.reload`: reads the configuration again; a bad file changes nothing.
package struct Reload: Request {
    package static let method = "agent.reload"

    package init() {}

    package enum CodingKeys: CodingKey, CaseIterable {}

    package struct Response: Codable, Equatable, Sendable {
        package var profiles: [String]

        package init(profiles: [String]) {
            self.profiles = profiles
        }
    }
}
