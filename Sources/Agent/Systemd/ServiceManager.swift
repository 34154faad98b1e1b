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

    /// How often the manager wants to be told that the service is alive: twice in the time after which it would end it; nil if it does not want to be
    /// told (sd_watchdog_enabled(3)).
    static var watchdogInterval: Duration? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
        return .microseconds(Int64(clamping: microseconds / 2))
    }

    static func alive() {
        notify("WATCHDOG=1")
    }

    /// Has the manager keep a descriptor for the next process of this service, which gets it beside its socket (``InheritedDescriptors``).
    ///
    /// - Returns: whether there was a manager to be told. That it has no room for it (systemd.service(5), FileDescriptorStoreMax=) it does not say.
    static func store(_ descriptor: CInt, as name: String) -> Bool {
        var descriptor = descriptor
        return sd_pid_notify_with_fds(0, 0, "FDSTORE=1\nFDNAME=\(name)", &descriptor, 1) > 0
    }

    /// Has the manager close all descriptors that it keeps by this name.
    static func removeStored(_ name: String) {
        notify("FDSTOREREMOVE=1\nFDNAME=\(name)")
    }

    private static func notify(_ state: String) {
        // A manager that cannot be told can only be told so by the same way: there is nobody to report a failure to.
        _ = sd_notify(0, state)
    }
}
