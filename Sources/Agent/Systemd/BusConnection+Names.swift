/// Who has a name on the bus (D-Bus specification, "Message Bus Messages").
extension BusConnection {
    private static let bus = "org.freedesktop.DBus"
    private static let path = "/org/freedesktop/DBus"

    /// The unique name of whoever has this name, or nil if nobody has.
    func owner(of name: String, timeout: Duration) throws(CallError) -> String? {
        do {
            return try call(
                Self.bus, Self.path, Self.bus, "GetNameOwner", [.string(name)], timeout: timeout
            ) { message throws(CallError) in try message.string() }
        } catch let error where error.meansNoOwner {
            return nil
        }
    }

    /// Has D-Bus start the program that is installed for a name; it answers once that has the name.
    func startService(_ name: String, timeout: Duration) throws(CallError) {
        try call(
            Self.bus, Self.path, Self.bus, "StartServiceByName", [.string(name), .uint32(0)], timeout: timeout
        ) { _ in }
    }
}
