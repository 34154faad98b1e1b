package import AsyncHTTPClient
import FoundationEssentials
import Glibc
package import Logging
import PosternProtocol
package import ServiceLifecycle

/// The agent's parts, built from its environment.
package struct Agent: Sendable {
    /// The socket protocol's versions that are spoken.
    static let protocolVersions = Hello.VersionRange(min: 1, max: 1)

    let configuration: ConfigurationStore
    let accounts: AccountRegistry
    let logins: LoginSessions
    let keyring: any SecretStore
    let pendingUnlocks = PendingUnlocks()
    let tenants: Tenants
    let counters: Counters
    let events: EventHub
    let desktop: Desktop
    let promptLock: PromptLock
    let clock: any AgentClock
    let log: Logger
    let startedAt: Date
    let connectionLimit = ConnectionLimit()
    let looks = Looks()
    let parts: Account.Parts

    /// What is found out once for all who ask at the same time.
    struct Looks: Sendable {
        let status = SharedLook<Result<[UInt8], AgentError>>()
        let profiles = SharedLook<Result<[UInt8], AgentError>>()
        let reload = SharedLook<Result<[UInt8], AgentError>>()
        let configuration = SharedLook<Result<[String], ConfigurationError>>()
    }

    /// - Parameter unsaved: what an earlier process left that the keyring may not have.
    package init(
        environment: [String: String], keyring: any SecretStore, unsaved: UnsavedRecords = UnsavedRecords(),
        client: HTTPClient, clock: any AgentClock, log: Logger
    ) {
        self.keyring = keyring
        self.clock = clock
        self.log = log
        startedAt = clock.wall
        counters = Counters()
        events = EventHub(clock: clock)
        configuration = ConfigurationStore(files: ConfigurationFiles(environment: environment))
        tenants = Tenants(client: client, keyring: keyring, clock: clock)
        promptLock = PromptLock(environment: environment)
        desktop = Desktop(clock: clock, events: events)
        parts = Account.Parts(
            environment: environment, tenants: tenants, keyring: keyring, unsaved: unsaved, clock: clock,
            counters: counters, events: events, desktop: desktop, log: log)
        accounts = AccountRegistry(keyring: keyring, parts: parts)
        logins = LoginSessions(clock: clock, log: log, events: events, desktop: desktop, environment: environment)
        parts.notices.gather(at: clock.now)
    }

    /// Does what is due in the background, for as long as the agent runs.
    package var refresher: some Service {
        Refresher(registry: accounts, logins: logins, parts: parts)
    }

    /// Reads the configuration and puts it in force.
    ///
    /// A bad file changes nothing; what is wrong with it is logged, shown by status and thrown as 1015.
    @discardableResult
    package func applyConfiguration() async throws(ConfigurationError) -> [String] {
        try await looks.configuration.value { await self.readConfiguration() }.get()
    }

    private func readConfiguration() async -> Result<[String], ConfigurationError> {
        do throws(ConfigurationError) {
            let configuration = try await accounts.reload(configuration)
            connectionLimit.value = configuration.agent.maxConnections
            await desktop.follow(lock: configuration.profiles.contains { $0.lock == .screen })
            events.publish(.reloaded)
            return .success(configuration.profiles.map(\.name))
        } catch {
            log.error("The configuration is not in force: \(error)")
            return .failure(error)
        }
    }

    /// - Throws: 1015 while the files at start were bad and nothing is in force, 1002 for a profile that is not there.
    func account(_ name: String?) async throws(AgentError) -> Account {
        if let error = await configuration.error, await configuration.current.profiles.isEmpty {
            throw Self.misconfigured(error)
        }
        do {
            return try await accounts.account(name)
        } catch {
            // It names all profiles, and takes as long to write as they are many.
            if (error.data.profiles?.count ?? 0) > Reactor.fewPerTurn { await Reactor.shared.longTurn() }
            throw error
        }
    }

    static func misconfigured(_ error: ConfigurationError) -> AgentError {
        AgentError(.misconfigured, "The configuration is not in force: \(error)") { data in
            data.hint = "Correct the file, then run 'postern reload'."
        }
    }
}

extension Agent {
    /// What `systemctl --user status` says about the agent.
    package var summary: String {
        get async {
            if let error = await configuration.error { return "Configuration not in force: \(error)" }
            return await accounts.summary
        }
    }
}
