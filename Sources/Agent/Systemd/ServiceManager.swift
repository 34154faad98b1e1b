import CSystemd

/// Tells the service manager how the service stands (sd_notify(3)); without one, every call does nothing.
enum ServiceManager {
    static func ready(_ status: String) {
        notify("READY=1\nSTATUS=\(status)")
    }

    static func status(_ status: String) {
        notify("STATUS=\(status)")
    }

    static func stopping() {
        notify("STOPPING=1\nSTATUS=Stopping")
    }

    private static func notify(_ state: String) {
        // A manager that cannot be told can only be told so by the same way: there is nobody to report a failure to.
        _ = sd_notify(0, state)
    }
}
