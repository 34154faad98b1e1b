import CLibsecret
import KeyringProtocol

/// One provider's Secret Service, with a session opened to carry secrets encrypted.
final class Service {
    /// The provider's unique name on the bus.
    let owner: String
    private let service: UnsafeMutablePointer<SecretService>

    init(owner: String) throws(ServiceError) {
        let opened = try ServiceError.check { error in
            secret_service_open_sync(UnpromptedService.type, owner, SECRET_SERVICE_OPEN_SESSION, nil, error)
        }
        guard let opened else { throw ServiceError.nothing }
        service = opened
        self.owner = owner
    }

    deinit {
        g_object_unref(service)
    }

    /// The collection behind the alias, with its properties as they are now, or nil if there is none.
    func collection(_ alias: KeyringItem.Collection) throws(ServiceError) -> Collection? {
        let collection = try ServiceError.check { error in
            secret_collection_for_alias_sync(service, alias.rawValue, SECRET_COLLECTION_NONE, nil, error)
        }
        return collection.map(Collection.init)
    }
}
