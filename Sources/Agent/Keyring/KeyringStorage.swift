import Glibc

/// The disk that the default collection is kept on, as far as it can be told from outside the provider.
///
/// gnome-keyring answers any trouble with its disk as "An error occurred on the device" in the words of its own
/// language, under the name that all its errors have (org.freedesktop.DBus.Error.Failed). So whoever was refused a save
/// looks at the disk.
struct KeyringStorage: Sendable {
    /// The least that a keyring's file is written anew with.
    private static let needed = 64 * 1024

    private let directory: String

    /// - Parameter environment: of the session, which the provider shares; gnome-keyring keeps its files in
    ///   `$XDG_DATA_HOME/keyrings`, others below the same data directory.
    init(environment: [String: String]) {
        directory = HomeDirectory.directory("XDG_DATA_HOME", or: ".local/share", in: environment) + "/keyrings"
    }

    /// Why nothing can be written there, in words that follow "the disk", or nil if that isn't plain to see.
    var obstacle: String? {
        var disk = statvfs()
        guard statvfs(directory, &disk) == 0 else { return nil }
        if disk.f_flag & UInt(ST_RDONLY) != 0 { return "is mounted read-only" }
        let (free, isTooMuch) = disk.f_bavail.multipliedReportingOverflow(by: disk.f_frsize)
        return !isTooMuch && free < Self.needed ? "is full" : nil
    }
}
