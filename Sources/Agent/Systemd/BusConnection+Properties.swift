/// Properties of objects (D-Bus specification, "org.freedesktop.DBus.Properties").
extension BusConnection {
    func booleanProperty(
        _ name: String, of interface: String, _ path: String, _ destination: String, timeout: Duration
    ) throws(CallError) -> Bool {
        try property(name, "b", of: interface, path, destination, timeout: timeout) {
            message throws(CallError) in try message.boolean()
        }
    }

    /// A property of any type, read by `value` from within its variant.
    ///
    /// - Parameter signature: the property's type.
    func property<Value>(
        _ name: String, _ signature: String, of interface: String, _ path: String, _ destination: String,
        timeout: Duration, _ value: (Message) throws(CallError) -> Value
    ) throws(CallError) -> Value {
        try call(
            destination, path, "org.freedesktop.DBus.Properties", "Get", [.string(interface), .string(name)],
            timeout: timeout
        ) { message throws(CallError) in
            try message.enter(.variant, signature)
            return try value(message)
        }
    }
}
