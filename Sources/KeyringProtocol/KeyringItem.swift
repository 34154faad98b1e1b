/// What one keyring item is: the name by which the agent stores and finds it.
///
/// Kind and profile are lookup attributes, beside `application=postern`. Attributes are readable without unlocking the
/// collection, so none of them is personal: a profile's name is chosen by the user and printed in logs anyway.
package struct KeyringItem: Codable, Hashable, Sendable {
    /// What the item's secret holds.
    package enum Kind: String, Codable, Sendable {
        /// The record of one signed-in profile.
        case session
        /// A confidential client's secret or private key.
        case clientSecret = "client-secret"
        /// Nothing: it is saved and deleted again to see whether that works.
        case probe
    }

    /// The collection, by its Secret Service alias.
    package enum Collection: String, Codable, Sendable {
        /// The user's default collection: survives a reboot, may be locked.
        case `default`
        /// The provider's transient collection: gone when the desktop session ends.
        case session
    }

    /// The longest secret that is read, bytes. Records are much shorter now; those of programs that set no limit were not.
    package static let secretLimit = 8 << 20

    package var kind: Kind
    package var profile: String
    package var collection: Collection

    package init(kind: Kind, profile: String, collection: Collection) {
        self.kind = kind
        self.profile = profile
        self.collection = collection
    }
}
