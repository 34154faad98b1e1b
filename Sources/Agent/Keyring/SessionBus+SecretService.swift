/// The few calls of the Secret Service API (0.2 draft) that say how a provider stands. They go to its unique name,
/// which nobody else can take.
extension SessionBus {
    /// The unique name of whoever provides the Secret Service, or nil if nobody does.
    func secretServiceOwner(timeout: Duration) throws(CallError) -> String? {
        do {
            return try call(
                "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetNameOwner",
                [.string("org.freedesktop.secrets")], timeout: timeout
            ) { message throws(CallError) in try message.string() }
        } catch let error where error.meansNoOwner {
            return nil
        }
    }

    /// Has D-Bus start the provider that is installed; it answers once the provider has the name.
    func startSecretService(timeout: Duration) throws(CallError) {
        try call(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "StartServiceByName",
            [.string("org.freedesktop.secrets"), .uint32(0)], timeout: timeout
        ) { _ in }
    }

    /// The object path of the collection behind an alias, or nil if there is none ("ReadAlias", which answers "/"
    /// then).
    func collection(_ alias: String, of provider: String, timeout: Duration) throws(CallError) -> String? {
        let path = try call(
            provider, "/org/freedesktop/secrets", "org.freedesktop.Secret.Service", "ReadAlias", [.string(alias)],
            timeout: timeout
        ) { message throws(CallError) in try message.objectPath() }
        return path == "/" ? nil : path
    }

    /// The collection's property `Locked`.
    func isLocked(_ collection: String, of provider: String, timeout: Duration) throws(CallError) -> Bool {
        try call(
            provider, collection, "org.freedesktop.DBus.Properties", "Get",
            [.string("org.freedesktop.Secret.Collection"), .string("Locked")], timeout: timeout
        ) { message throws(CallError) in try message.booleanVariant() }
    }
}
