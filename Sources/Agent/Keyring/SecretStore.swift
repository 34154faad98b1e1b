package import KeyringProtocol
package import PosternProtocol

/// Where secrets are kept between two runs of the agent.
///
/// Every call is bounded in time and none lets the provider prompt. None but ``state(mayStart:)`` lets D-Bus start a
/// provider: who acts for a person asks for that first.
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
    /// No provider, or no bus.
    case absent
    /// The provider has no collection of that kind.
    case noCollection(KeyringItem.Collection)
    /// It did not answer in time, or answered with an error of its own.
    case failing(String)
}
