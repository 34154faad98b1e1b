import CLibsecret
import KeyringProtocol

/// One of the provider's collections, as it was when it was looked up: it is kept for one request.
final class Collection {
    private let collection: UnsafeMutablePointer<SecretCollection>

    /// Takes over the caller's reference.
    init(_ collection: UnsafeMutablePointer<SecretCollection>) {
        self.collection = collection
    }

    deinit {
        g_object_unref(collection)
    }

    var isLocked: Bool { secret_collection_get_locked(collection) != 0 }

    func load(_ item: KeyringItem) throws(ServiceError) -> KeyringReply {
        let found = try search(item, SECRET_SEARCH_LOAD_SECRETS)
        guard let own = found.own else { return .notFound }
        // The provider leaves the secret out if the item was locked after we had looked.
        guard let value = secret_item_get_secret(own) else {
            if secret_item_get_locked(own) != 0 { return .locked }
            return .failed(message: "the keyring handed out the item without its secret", lostBus: false)
        }
        defer { secret_value_unref(UnsafeMutableRawPointer(value)) }
        var length: gsize = 0
        let start = secret_value_get(value, &length)
        guard length <= KeyringItem.secretLimit else { return .corrupt }
        let bytes = UnsafeRawBufferPointer(start: start, count: Int(length))
        return String(validating: bytes, as: UTF8.self).map { .found(secret: $0) } ?? .corrupt
    }

    /// Creates or replaces the item, and reads it back: a provider may accept an item and yet not keep it (KeePassXC
    /// issue 7989).
    func save(_ secret: String, as item: KeyringItem) throws(ServiceError) -> KeyringReply {
        var secret = secret
        let value = secret.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                secret_value_new(characters.baseAddress, gssize(characters.count), "application/json")
            }
        }
        defer { secret_value_unref(value.map(UnsafeMutableRawPointer.init)) }
        let created = try item.withAttributes { attributes throws(ServiceError) in
            try ServiceError.check { error in
                secret_item_create_sync(
                    collection, nil, attributes, item.label, value, SECRET_ITEM_CREATE_REPLACE, nil, error)
            }
        }
        if let created { g_object_unref(created) }
        let kept = try load(item)
        if kept == .found(secret: secret) { return .done }
        if kept == .locked { return .locked }
        return .failed(message: "the keyring accepted the item but did not keep it", lostBus: false)
    }

    func delete(_ item: KeyringItem) throws(ServiceError) -> KeyringReply {
        let found = try search(item, SECRET_SEARCH_NONE)
        if found.items.isEmpty { return .notFound }
        for item in found.items {
            _ = try ServiceError.check { error in secret_item_delete_sync(item, nil, error) }
        }
        return .done
    }

    private func search(_ item: KeyringItem, _ flag: SecretSearchFlags) throws(ServiceError) -> FoundItems {
        let flags = SecretSearchFlags(SECRET_SEARCH_ALL.rawValue | flag.rawValue)
        let list = try item.withAttributes { attributes throws(ServiceError) in
            try ServiceError.check { error in
                secret_collection_search_sync(collection, nil, attributes, flags, nil, error)
            }
        }
        return FoundItems(list)
    }
}

/// What a search found; the items live as long as this does.
private final class FoundItems {
    private let list: UnsafeMutablePointer<GList>?
    let items: [UnsafeMutablePointer<SecretItem>]

    init(_ list: UnsafeMutablePointer<GList>?) {
        self.list = list
        items = sequence(first: list, next: { $0?.pointee.next })
            .prefix { $0 != nil }
            .compactMap { $0?.pointee.data?.assumingMemoryBound(to: SecretItem.self) }
    }

    deinit {
        g_list_free_full(list, g_object_unref)
    }

    /// The one that a save replaces, should somebody have copied our item with attributes of their own. Of two with the
    /// same attributes it is the one last written, and of two of the same second always the same one.
    var own: UnsafeMutablePointer<SecretItem>? {
        items.max { rank($0) < rank($1) }
    }

    private func rank(_ item: UnsafeMutablePointer<SecretItem>) -> (Int, guint64, Int, String) {
        let attributes = secret_item_get_attributes(item)
        defer { g_hash_table_unref(attributes) }
        // gnome-keyring adds this one of its own accord, and not at once.
        let hasSchema = g_hash_table_contains(attributes, "xdg:schema") != 0
        let count = Int(g_hash_table_size(attributes)) - (hasSchema ? 1 : 0)
        let path = UnsafeMutableRawPointer(item).withMemoryRebound(to: GDBusProxy.self, capacity: 1) { proxy in
            g_dbus_proxy_get_object_path(proxy).map { String(cString: $0) } ?? ""
        }
        // Paths end in a number that grows.
        return (-count, secret_item_get_modified(item), path.utf8.count, path)
    }
}
