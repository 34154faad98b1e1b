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
