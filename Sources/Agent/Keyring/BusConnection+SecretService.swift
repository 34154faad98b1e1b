import KeyringProtocol

/// The few calls of the Secret Service API (0.2 draft) that the agent makes itself. They go to the provider's unique
/// name, which nobody else can take.
extension BusConnection {
    private static let secretService = "org.freedesktop.secrets"

    /// What there is behind an alias.
    enum Finding {
        /// - Parameter provider: its unique name.
        case collection(path: String, provider: String, isLocked: Bool)
        case nothing(CollectionState)

        var state: CollectionState {
            switch self {
            case .collection(_, _, let isLocked): isLocked ? .locked : .available
            case .nothing(let state): state
            }
        }
    }

    /// Looks for a collection, without a chance of a prompt: only properties are read.
    ///
    /// - Parameter mayStart: whether D-Bus may start a provider if none is running.
    func find(
        _ collection: KeyringItem.Collection, mayStart: Bool, patience: KeyringMonitor.Patience
    ) throws(CallError) -> Finding {
        var owner = try self.owner(of: Self.secretService, timeout: patience.answer)
        if owner == nil && mayStart {
            do {
                try startService(Self.secretService, timeout: patience.start)
            } catch let error where error.meansTimedOut {
                return .nothing(.failing(reason: "the keyring's provider did not start in time"))
            } catch let error where !error.meansLostBus {
                return .nothing(.absent(reason: error.message))
            }
            owner = try self.owner(of: Self.secretService, timeout: patience.answer)
        }
        guard let owner else { return .nothing(.absent(reason: "no keyring's provider is running")) }
        guard let path = try self.collection(collection.rawValue, of: owner, timeout: patience.answer) else {
            return .nothing(.noCollection)
        }
        let isLocked = try isLocked(path, of: owner, timeout: patience.answer)
        return .collection(path: path, provider: owner, isLocked: isLocked)
    }

    /// The object path of the collection behind an alias, or nil if there is none ("ReadAlias", which answers "/"
    /// then).
    private func collection(_ alias: String, of provider: String, timeout: Duration) throws(CallError) -> String? {
        let path = try call(
            provider, "/org/freedesktop/secrets", "org.freedesktop.Secret.Service", "ReadAlias", [.string(alias)],
            timeout: timeout
        ) { message throws(CallError) in try message.objectPath() }
        return path == "/" ? nil : path
    }

    /// The collection's property `Locked`.
    func isLocked(_ collection: String, of provider: String, timeout: Duration) throws(CallError) -> Bool {
        try booleanProperty(
            "Locked", of: "org.freedesktop.Secret.Collection", collection, provider, timeout: timeout)
    }

    /// Has the provider unlock the collection.
    ///
    /// - Returns: the prompt that the person has to answer for it, or nil if nobody needs to be asked. Nothing is shown
    ///   before ``show(_:of:timeout:)``.
    func unlock(_ collection: String, of provider: String, timeout: Duration) throws(CallError) -> String? {
        let prompt = try call(
            provider, "/org/freedesktop/secrets", "org.freedesktop.Secret.Service", "Unlock",
            [.objectPaths([collection])], timeout: timeout
        ) { message throws(CallError) in
            try message.skip()
            return try message.objectPath()
        }
        return prompt == "/" ? nil : prompt
    }

    /// Has the provider show a prompt's dialog; that it was answered is told by the signal `Completed`.
    func show(_ prompt: String, of provider: String, timeout: Duration) throws(CallError) {
        // There is no window of ours that it should be in front of.
        try call(
            provider, prompt, "org.freedesktop.Secret.Prompt", "Prompt", [.string("")], timeout: timeout
        ) { _ in }
    }
}
