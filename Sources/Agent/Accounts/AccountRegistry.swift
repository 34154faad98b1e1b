import PosternProtocol

/// The accounts there are: one for each configured profile.
actor AccountRegistry {
    private var accounts: [String: Account] = [:]
    private var order: [String] = []
    private var defaultProfile: String?
    /// Accounts whose profile is gone or means something else, while the keyring has not taken their last record.
    private var retired: [Account] = []

    private let keyring: any SecretStore
    private let parts: Account.Parts

    nonisolated var unownedExecutor: UnownedSerialExecutor { Reactor.shared.asUnownedSerialExecutor() }

    init(keyring: any SecretStore, parts: Account.Parts) {
        self.keyring = keyring
        self.parts = parts
    }

    /// Makes the accounts those of the configuration that is read now. To be called by one at a time (``Agent/applyConfiguration()``), so that of two the later
    /// one wins.
    func reload(_ store: ConfigurationStore) async throws(ConfigurationError) -> Configuration {
        let configuration = try await store.reload()
        await apply(configuration)
        return configuration
    }

    /// An account whose profile still means the same sign-in keeps its tokens. Others finish what they are at before they are replaced: they share the
    /// keyring's item with their successor.
    private func apply(_ configuration: Configuration) async {
        parts.unsaved.isEnabled = configuration.agent.keepUnsaved
        // Asked once, because much may happen while others finish: one that has finished is of no more use, and one that has not must not be replaced.
        var keptNames: Set<String> = []
        var replaced: [Account] = []
        await Reactor.shared.each(of: Array(accounts)) { (name, account) in
            if let profile = configuration.profile(name), await account.keepsSignIn(under: profile) {
                await account.update(profile)
                keptNames.insert(name)
            } else {
                replaced.append(account)
            }
        }
        // No turn between what follows and the end but those that an account needs: one that has finished serves nobody.
        for account in replaced where await !account.finish() { retired.append(account) }
        var kept: [String: Account] = [:]
        for profile in configuration.profiles {
            let account = accounts[profile.name]
            if let account, keptNames.contains(profile.name) {
                kept[profile.name] = account
            } else {
                kept[profile.name] = await makeAccount(profile, inPlaceOf: account)
            }
        }
        accounts = kept
        order = configuration.profiles.map(\.name)
        defaultProfile = configuration.agent.defaultProfile ?? (order.count == 1 ? order.first : nil)
        parts.notices.configure(areShown: configuration.agent.notifications, profiles: order, at: parts.clock.now)
        parts.deadlines.allMoved()
    }

    /// - Parameter old: the account of that name so far.
    private func makeAccount(_ profile: Profile, inPlaceOf old: Account?) async -> Account {
        var predecessor: Account?
        // What is kept in another place is not found by the new account, and would stay valid there.
        var handedOver: [Credentials] = []
        var elders: [Account] = []
        var unrevoked: [Credentials] = []
        let others = retired.filter { $0 !== old } + [old].compactMap(\.self)
        for account in others where await account.profile.name == profile.name {
            if await account.holdsAlone {
                if await account.sharesRecord(with: profile) { predecessor = account } else { elders.append(account) }
            }
            for lost in await account.handOver(to: profile)
            where !handedOver.contains(where: { $0.refreshToken == lost.refreshToken }) {
                handedOver.append(lost)
            }
            unrevoked += await account.handOverUnrevoked()
        }
        return Account(
            profile: profile, store: profile.persist == .memory ? MemoryStore() : keyring, parts: parts,
            predecessor: predecessor, elders: elders, handedOver: handedOver, unrevoked: unrevoked,
            formerAnchors: await old?.allAnchors ?? [])
    }

    /// Also those that only wait for the keyring.
    var withRetired: [Account] {
        get async {
            for account in retired where await !account.holdsAlone {
                retired.removeAll { $0 === account }
            }
            return all + retired
        }
    }

    /// Has everything that waits for the keyring done at once.
    func keyringChanged() async {
        await Reactor.shared.each(of: await withRetired) { await $0.keyringChanged() }
    }

    /// Has the sign-ins end whose session is over. From here it takes no way between threads for each of them.
    func sessionsChanged(wasLast: Bool) async {
        await Reactor.shared.each(of: await withRetired) { await $0.sessionsChanged(wasLast: wasLast) }
    }

    /// In the order of the configuration.
    var all: [Account] {
        order.compactMap { accounts[$0] }
    }

    /// How many profiles there are and how they stand, in words.
    var summary: String {
        get async {
            var signedIn = 0
            await Reactor.shared.each(of: all) { if await $0.isSignedIn { signedIn += 1 } }
            return summary(signedIn: signedIn)
        }
    }

    func summary(signedIn: Int) -> String {
        "Serving \(order.count) \(order.count == 1 ? "profile" : "profiles"), \(signedIn) signed in"
    }

    /// - Parameter name: nil is the default profile.
    /// - Throws: 1002 with the names there are.
    func account(_ name: String?) throws(AgentError) -> Account {
        if let account = (name ?? defaultProfile).flatMap({ accounts[$0] }) {
            return account
        }
        throw .unknownProfile(name, among: order)
    }
}

extension AgentError {
    /// - Parameter order: the profiles there are.
    static func unknownProfile(_ name: String?, among order: [String] = []) -> AgentError {
        let message =
            switch (name, order.isEmpty) {
            case (_, true): "No profile is configured."
            case (let name?, false): "There is no profile \(name.quoted)."
            case (nil, false): "There are several profiles and none is the default."
            }
        return AgentError(.unknownProfile, message) { data in
            data.profile = name
            data.profiles = order
            data.hint =
                order.isEmpty
                ? "Add one by 'postern profile add NAME --domain DOMAIN --client-id ID'."
                : "Name one of: \(order.joined(separator: ", "))."
        }
    }
}
