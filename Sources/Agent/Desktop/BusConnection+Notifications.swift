/// The calls of the Desktop Notifications Specification (1.2) that are needed, and the user manager's (org.freedesktop.systemd1(5)).
extension BusConnection {
    static let notifications = "org.freedesktop.Notifications"
    private static let notificationsPath = "/org/freedesktop/Notifications"
    private static let manager = "org.freedesktop.systemd1"
    private static let managerPath = "/org/freedesktop/systemd1"
    /// Those that it matters here whether a server has them.
    private static let knownCapabilities: Set = ["actions", "body", "body-markup"]
    /// The key of the one action that notifications have.
    static let signInAction = "sign-in"

    /// Has the bus deliver what servers say about notifications, and who is the server.
    func subscribeToNotifications(timeout: Duration) throws(CallError) {
        for rule in [
            "type='signal',sender='\(Self.notifications)',interface='\(Self.notifications)'",
            "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='\(Self.notifications)'",
        ] {
            try subscribe(to: rule, timeout: timeout)
        }
    }

    /// Which of ``knownCapabilities`` a server has; the rest of its answer may be megabytes, and is not kept.
    func capabilities(ofServer server: String, timeout: Duration) throws(CallError) -> Set<String> {
        try call(
            server, Self.notificationsPath, Self.notifications, "GetCapabilities", [], timeout: timeout
        ) { answer throws(CallError) in Self.knownCapabilities.intersection(try answer.strings()) }
    }

    /// Has a server show a notification.
    ///
    /// - Parameter number: of the one that it takes the place of.
    /// - Returns: its number.
    func show(
        _ notification: Notice, inPlaceOf number: UInt32?, hasAction: Bool, on server: String,
        with capabilities: Set<String>, timeout: Duration
    ) throws(CallError) -> UInt32 {
        let body = capabilities.contains("body-markup") ? notification.body.escapedForMarkup : notification.body
        return try call(
            server, Self.notificationsPath, Self.notifications, "Notify",
            [
                .string("Postern"), .uint32(number ?? 0), .string("dialog-password"), .string(notification.summary),
                .string(capabilities.contains("body") ? body : ""),
                .strings(hasAction ? [Self.signInAction, "Sign in"] : []),
                .properties([("urgency", .byte(notification.isCritical ? 2 : 1))]),
                // 0 is until it is closed, -1 as long as the server thinks fit.
                .int32(notification.stays ? 0 : -1),
            ], timeout: timeout
        ) { answer throws(CallError) in try answer.uint32() }
    }

    func close(_ handle: Notices.Handle, timeout: Duration) throws(CallError) {
        try call(
            handle.server, Self.notificationsPath, Self.notifications, "CloseNotification", [.uint32(handle.number)],
            timeout: timeout
        ) { _ in }
    }

    /// Whether there is a user manager on this bus that finds a unit file.
    func hasUnitFile(_ name: String, timeout: Duration) throws(CallError) -> Bool {
        do {
            try call(
                Self.manager, Self.managerPath, "\(Self.manager).Manager", "GetUnitFileState", [.string(name)],
                timeout: timeout
            ) { _ in }
            return true
        } catch let error where !error.meansLostBus {
            return false
        }
    }

    /// Has the user manager start a unit; it answers when the start is in its queue.
    func startUnit(_ name: String, timeout: Duration) throws(CallError) {
        try call(
            Self.manager, Self.managerPath, "\(Self.manager).Manager", "StartUnit",
            [.string(name), .string("replace")], timeout: timeout
        ) { _ in }
    }
}

extension String {
    /// The text as it is shown where markup is read (Desktop Notifications Specification, "Markup").
    fileprivate var escapedForMarkup: String {
        reduce(into: "") { text, character in
            switch character {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            case "'": text += "&apos;"
            default: text.append(character)
            }
        }
    }
}
