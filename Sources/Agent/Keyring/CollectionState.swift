import KeyringProtocol

/// How one collection of the keyring stands.
package enum CollectionState: Equatable, Sendable {
    /// Unlocked: what is not found there does not exist.
    case available
    case locked
    /// Nobody provides the Secret Service, or there is no session bus; the reason is for people.
    case absent(reason: String)
    /// The provider has no such collection.
    case noCollection
    /// The provider or the bus did not answer in time, or answered with an error; the reason is for people.
    case failing(reason: String)
}

extension CollectionState {
    /// Why nothing can be read from the collection or written to it; nil if it can.
    func trouble(with collection: KeyringItem.Collection) -> SecretStoreError? {
        switch self {
        case .available: nil
        case .locked: .locked
        case .absent(let reason): .absent(reason)
        case .noCollection: .noCollection(collection)
        case .failing(let reason): .failing(reason)
        }
    }
}
