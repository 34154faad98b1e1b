/// A question to the keyring worker: one JSON object on one line.
package struct KeyringRequest: Codable, Sendable {
    /// What the worker is asked to do with the item.
    package enum Operation: String, Codable, Sendable {
        case load, save, delete
    }

    package var operation: Operation
    package var item: KeyringItem
    /// The new secret of a `save`; absent otherwise.
    package var secret: String?

    package init(operation: Operation, item: KeyringItem, secret: String? = nil) {
        self.operation = operation
        self.item = item
        self.secret = secret
    }
}

/// The worker's answer to one ``KeyringRequest``: one JSON object on one line.
///
/// Each outcome is a case of its own because libsecret's plain calls do not tell them apart: a locked keyring and a
/// missing item both come back as a NULL without an error, and taking the first for the second is how other agents
/// delete a login.
package enum KeyringReply: Codable, Equatable, Sendable {
    /// The item's secret (`load`).
    case found(secret: String)
    /// Proved: the collection is unlocked and holds no such item (`load`, `delete`).
    case notFound
    /// Saved or deleted.
    case done
    /// The item or its collection is locked; nothing was prompted for.
    case locked
    /// No Secret Service provider is running or can be started.
    case absent
    /// The provider has no collection behind the alias.
    case noCollection
    /// The item's secret is no text, so it is none of ours (`load`).
    case corrupt
    /// The provider or the bus failed; `lostBus` says that only a new worker can help.
    case failed(message: String, lostBus: Bool)
}
