import CSystemd
import Dispatch
import Glibc

/// Tells the service manager how the service stands (sd_notify(3)); without one, every call does nothing.
///
/// A manager that does not come to read has ten messages waiting (unix(7), max_dgram_qlen), and whoever sends another waits with them. So all are sent,
/// in order, by a thread that does nothing else.
enum ServiceManager {
    private static let queue = DispatchQueue(label: "postern.service-manager")
    /// How long the end of the process waits for the last messages to leave.
    private static let patience = DispatchTimeInterval.seconds(2)

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
    /// - Parameter old: what it is to let go of once it has this one.
    /// - Returns: whether there is a manager. That it has no room for it (systemd.service(5), FileDescriptorStoreMax=) it does not say.
    static func store(_ descriptor: CInt, as name: String, inPlaceOf old: [String]) -> Bool {
        guard getenv("NOTIFY_SOCKET") != nil else { return false }
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return false }
        queue.async {
            var passed = copy
            let isSent = sd_pid_notify_with_fds(0, 0, "FDSTORE=1\nFDNAME=\(name)", &passed, 1) > 0
            close(copy)
            if isSent { for name in old { _ = sd_notify(0, removal(of: name)) } }
        }
        return true
    }

    /// Has the manager close all descriptors that it keeps by this name.
    static func removeStored(_ name: String) {
        notify(removal(of: name))
    }

    private static func removal(of name: String) -> String { "FDSTOREREMOVE=1\nFDNAME=\(name)" }

    /// Returns when all that was said has been sent, or after some time.
    static func flush() {
        let sent = DispatchSemaphore(value: 0)
        queue.async { sent.signal() }
        _ = sent.wait(timeout: .now() + patience)
    }

    private static func notify(_ state: String) {
        // A manager that cannot be told can only be told so by the same way: there is nobody to report a failure to.
        queue.async { _ = sd_notify(0, state) }
    }
}
