import FoundationEssentials
import Glibc

/// Notes that a profile was signed out, from before its keyring item is deleted until it is gone, so that the item is not loaded meanwhile.
///
/// A note is an empty file named `profile.NAME` in `$XDG_STATE_HOME/postern/signed-out`; it holds no secret.
package struct LogoutNotes: Sendable {
    private let directory: String

    package init(environment: [String: String]) {
        directory =
            HomeDirectory.directory("XDG_STATE_HOME", or: ".local/state", in: environment) + "/postern/signed-out"
    }

    struct Failure: Error {}

    func exists(for profile: String) -> Bool {
        access(path(profile), F_OK) == 0
    }

    /// - Throws: if the note may not survive a crash. The item would then come back at the next start.
    func write(for profile: String) throws {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        // Both the file and its name must survive a crash right after.
        for (path, flags) in [(path(profile), O_CREAT | O_WRONLY), (directory, O_RDONLY | O_DIRECTORY)] {
            let descriptor = open(path, flags | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw Failure() }
            defer { close(descriptor) }
            guard fsync(descriptor) == 0 else { throw Failure() }
        }
    }

    func remove(for profile: String) {
        unlink(path(profile))
    }

    private func path(_ profile: String) -> String {
        // With something before it, a profile named "." or ".." names no directory.
        "\(directory)/profile.\(profile)"
    }
}
