import PosternProtocol

/// The accounts there are: one for each configured profile.
actor AccountRegistry {
    private var accounts: [String: Account] = [:]
    private var order: [String] = []
    private var defaultProfile: String?

    private let keyring: any SecretStore
    private let parts: Account.Parts

    init(keyring: any SecretStore, parts: Account.Parts) {
        self.keyring = keyring
        self.parts = parts
    }

    /// Makes the accounts those of a configuration. An account whose profile still means the same sign-in keeps its tokens.
    func apply(_ configuration: Configuration) async {
        var kept: [String: Account] = [:]
        for profile in configuration.profiles {
            let account = accounts[profile.name]
            if let account, await account.profile.isSameSignIn(as: profile) {
                await account.update(profile)
                kept[profile.name] = account
            } else {
                let store: any SecretStore = profile.persist == .memory ? MemoryStore() : keyring
                kept[profile.name] = Account(profile: profile, store: store, parts: parts)
            }
        }
        accounts = kept
        order = configuration.profiles.map(\.name)
        defaultProfile = configuration.agent.defaultProfile ?? (order.count == 1 ? order.first : nil)
        parts.deadlines.nudge()
    }

    /// In the order of the configuration.
    var all: [Account] {
        order.compactMap { accounts[$0] }
    }

    /// How many profiles there are and how they stand, in words.
    var summary: String {
        get async {
            var signedIn = 0
            for account in all where await account.isSignedIn {
                signedIn += 1
            }
            return "Serving \(order.count) \(order.count == 1 ? "profile" : "profiles"), \(signedIn) signed in"
        }
    }

    /// - Parameter name: nil is the default profile.
    /// - Throws: 1002 with the names there are.
    func account(_ name: String?) throws(AgentError) -> Account {
        if let account = (name ?? defaultProfile).flatMap({ accounts[$0] }) {
            return account
        }
        let message =
            switch (name, order.isEmpty) {
            case (_, true): "No profile is configured."
            case (let name?, false): "There is no profile \"\(name)\"."
            case (nil, false): "There are several profiles and none is the default."
            }
        throw AgentError(.unknownProfile, message) { data in
            data.profile = name
            data.profiles = order
            data.hint =
                order.isEmpty
                ? "Add one by 'postern profile add NAME --domain DOMAIN --client-id ID'."
                : "Name one of: \(order.joined(separator: ", "))."
        }
    }
}

extension Profile {
    /// Whether tokens of one are tokens of the other.
    fileprivate func isSameSignIn(as other: Profile) -> Bool {
        Credentials.Binding(self) == Credentials.Binding(other) && persist == other.persist
    }
}
