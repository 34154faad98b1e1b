package import KeyringProtocol
package import PosternProtocol

/// Where secrets are kept between two runs of the agent.
///
/// Every call but ``unlock()`` is bounded in time, and none but that lets the provider prompt. None but that and
/// ``state(mayStart:)`` lets D-Bus start a provider: who acts for a person asks for that first.
package protocol SecretStore: Sendable {
    /// How the store stands, read afresh.
    ///
    /// - Parameter mayStart: whether D-Bus may start a provider for it; background work never does that, a person's
    ///   request may.
    func state(mayStart: Bool) async -> KeyringState

    /// The item's secret, or nil if it is proved that there is none.
    func load(_ item: KeyringItem) async throws(SecretStoreError) -> String?

    /// Saves the secret, replacing the item's old one as a whole.
    func save(_ secret: String, as item: KeyringItem) async throws(SecretStoreError)

    /// Deletes the item; one that does not exist is no error.
    func delete(_ item: KeyringItem) async throws(SecretStoreError)

    /// How the store stands, at first and then whenever that may have changed, for as long as somebody reads on.
    func changes() -> AsyncStream<KeyringState>

    /// Has the store unlocked, for a person who asked for it: they may be shown a dialog. Waits for them until the
    /// task is cancelled.
    func unlock() async throws(SecretStoreError) -> UnlockOutcome
}

/// What became of a wish to have the keyring unlocked.
package enum UnlockOutcome: Equatable, Sendable {
    /// It is unlocked now, or has been all the time.
    case unlocked
    /// The person dismissed the dialog, or the provider could not show it; it does not tell which.
    case dismissed
    /// Whoever wanted it waits no more; the dialog may still be there.
    case abandoned
}

extension SecretStore {
    /// Proves that something can be saved in the collection, by saving and deleting an item of a kind of its own.
    package func checkWritable(_ collection: KeyringItem.Collection) async throws(SecretStoreError) {
        let probe = KeyringItem(kind: .probe, profile: "probe", collection: collection)
        try await save("{}", as: probe)
        try await delete(probe)
    }
}

/// Why a secret could not be read or written. None of these says anything about whether the item exists.
package enum SecretStoreError: Error, Equatable, Sendable {
    case locked
    /// No provider, or no bus; the reason is for people.
    case absent(String)
    /// The provider has no collection of that kind.
    case noCollection(KeyringItem.Collection)
    /// It did not answer in time, or answered with an error of its own.
    case failing(String)
    /// The disk that it is kept on takes nothing; the obstacle is for people, such as "is full".
    case storageFull(String)
    /// The item is there, and what it holds is no text.
    case corrupt(KeyringItem)
}
