import CLibsecret
import KeyringProtocol

/// The Secret Service provider on the session bus, spoken to over one connection for the life of the process.
///
/// It is always addressed by the unique name of whoever owns `org.freedesktop.secrets` at the moment, so no call can
/// make D-Bus start one, and a provider that was restarted is noticed before it is asked anything.
struct Provider {
    private var service: Service?

    /// Does what the daemon asks; a provider that went away meanwhile is looked for once more.
    mutating func answer(_ request: KeyringRequest) -> KeyringReply {
        defer { Self.dropSignals() }
        do {
            return try attempt(request)
        } catch let error where error.meansStaleSession {
            service = nil
        } catch {
            return error.reply
        }
        do {
            return try attempt(request)
        } catch {
            return error.reply
        }
    }

    private mutating func attempt(_ request: KeyringRequest) throws(ServiceError) -> KeyringReply {
        guard let service = try currentService() else { return .absent }
        guard let collection = try service.collection(request.item.collection) else { return .noCollection }
        if collection.isLocked { return .locked }
        switch request.operation {
        case .load: return try collection.load(request.item)
        case .save: return try collection.save(request.secret ?? "", as: request.item)
        case .delete: return try collection.delete(request.item)
        }
    }

    /// The service as of now, or nil if there is no bus or nobody provides it.
    private mutating func currentService() throws(ServiceError) -> Service? {
        guard let owner = try Self.owner() else {
            service = nil
            return nil
        }
        if let service, service.owner == owner { return service }
        service = nil
        let opened = try Service(owner: owner)
        service = opened
        return opened
    }

    private static func owner() throws(ServiceError) -> String? {
        guard let bus = g_bus_get_sync(G_BUS_TYPE_SESSION, nil, nil) else { return nil }
        defer { g_object_unref(UnsafeMutableRawPointer(bus)) }
        // Otherwise GLib ends the process by a signal of its own when the bus goes away.
        g_dbus_connection_set_exit_on_close(bus, gboolean(0))

        var name: OpaquePointer? = g_variant_new_string("org.freedesktop.secrets")
        let arguments = g_variant_new_tuple(&name, 1)
        do {
            let answer = try ServiceError.check { error in
                g_dbus_connection_call_sync(
                    bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetNameOwner",
                    arguments, nil, G_DBUS_CALL_FLAGS_NONE, -1, nil, error)
            }
            guard let answer else { return nil }
            defer { g_variant_unref(answer) }
            let owner = g_variant_get_child_value(answer, 0)
            defer { g_variant_unref(owner) }
            return g_variant_get_string(owner, nil).map { String(cString: $0) }
        } catch let error where error.meansNoOwner {
            return nil
        }
    }

    /// Signals of the provider are queued for the main loop, which this process does not run; undelivered they would
    /// pile up.
    private static func dropSignals() {
        while g_main_context_iteration(nil, gboolean(0)) != 0 {}
    }
}
