import CLibsecret
import KeyringProtocol

/// A GError that libsecret or GDBus reported.
struct ServiceError: Error {
    let domain: GQuark
    let code: Int32
    let message: String
    /// The D-Bus error's name, when the error came over the bus from somebody who uses names that GLib does not know.
    let remoteName: String?

    /// Calls a function that reports by GError.
    static func check<Result>(
        _ call: (UnsafeMutablePointer<UnsafeMutablePointer<GError>?>) -> Result
    ) throws(ServiceError) -> Result {
        var error: UnsafeMutablePointer<GError>?
        let result = call(&error)
        guard let error else { return result }
        defer { g_error_free(error) }
        throw ServiceError(error)
    }

    /// A function that should have returned something returned nothing, and no error either.
    static let nothing = ServiceError(domain: 0, code: 0, message: "libsecret returned nothing", remoteName: nil)

    private init(domain: GQuark, code: Int32, message: String, remoteName: String?) {
        self.domain = domain
        self.code = code
        self.message = message
        self.remoteName = remoteName
    }

    private init(_ error: UnsafeMutablePointer<GError>) {
        domain = error.pointee.domain
        code = error.pointee.code
        let name = g_dbus_error_get_remote_error(error)
        remoteName = name.map { String(cString: $0) }
        g_free(name)
        g_dbus_error_strip_remote_error(error)
        message = error.pointee.message.map { String(cString: $0) } ?? ""
    }

    private func isGDBus(_ codes: GDBusError...) -> Bool {
        domain == g_dbus_error_quark() && codes.contains { Int32($0.rawValue) == code }
    }

    private func isGIO(_ codes: GIOErrorEnum...) -> Bool {
        domain == g_io_error_quark() && codes.contains { Int32($0.rawValue) == code }
    }

    private func isSecret(_ codes: SecretError...) -> Bool {
        domain == secret_error_get_quark() && codes.contains { Int32($0.rawValue) == code }
    }
}

extension ServiceError {
    /// The provider that we were speaking to, our session with it or an object of it is gone; another attempt finds out
    /// what there is now.
    ///
    /// A call to a unique name that left the bus is answered `ServiceUnknown` or `NameHasNoOwner`, one that was under
    /// way `NoReply`, by dbus-daemon; a provider that lost our session answers `NoSession`, and one whose item or
    /// collection was deleted between two of our calls `NoSuchObject` (Secret Service API, "Errors").
    var meansStaleSession: Bool {
        meansNoOwner || isGDBus(G_DBUS_ERROR_NO_REPLY)
            || remoteName == "org.freedesktop.Secret.Error.NoSession"
            || isSecret(SECRET_ERROR_NO_SUCH_OBJECT)
    }

    /// Nobody has that name on the bus.
    var meansNoOwner: Bool {
        isGDBus(G_DBUS_ERROR_SERVICE_UNKNOWN, G_DBUS_ERROR_NAME_HAS_NO_OWNER)
    }

    /// What the daemon is told.
    ///
    /// GDBus keeps handing out its one shared connection after that was closed, so only a new process gets a new one.
    var reply: KeyringReply {
        if isSecret(SECRET_ERROR_IS_LOCKED) { return .locked }
        if meansNoOwner { return .absent }
        let lostBus = isGIO(G_IO_ERROR_CLOSED) || isGDBus(G_DBUS_ERROR_DISCONNECTED)
        return .failed(message: message, lostBus: lostBus)
    }
}
