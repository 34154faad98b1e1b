import FoundationEssentials
import Glibc
import KeyringProtocol

/// Notes about keyring items, kept outside of the keyring. What becomes of one item says nothing of another, in another collection.
///
/// A note is an empty file named `profile.NAME`, or `session.NAME` for the session collection, in a directory of its kind below
/// `$XDG_STATE_HOME/postern`; it holds no secret.
package struct ItemNotes: Sendable {
    package enum Kind: String, Sendable {
        /// The profile was signed out: from before its item is deleted until it is gone, so that the item is not loaded meanwhile.
        case signedOut = "signed-out"
        /// Somebody is signed in until the session ends (`persist = session`): the item may then be gone by itself.
        case signedIn = "signed-in"
    }

    private let directory: String

    package init(_ kind: Kind, environment: [String: String]) {
        directory =
            HomeDirectory.directory("XDG_STATE_HOME", or: ".local/state", in: environment) + "/postern/\(kind.rawValue)"
    }

    struct Failure: Error {}

    func exists(for item: KeyringItem) -> Bool {
        access(path(item), F_OK) == 0
    }

    /// - Throws: if the note may not survive a crash.
    func write(for item: KeyringItem) throws {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        // Both the file and its name must survive a crash right after.
        for (path, flags) in [(path(item), O_CREAT | O_WRONLY), (directory, O_RDONLY | O_DIRECTORY)] {
            // Nobody waits for the reader of a pipe that stands there.
            let descriptor = open(path, flags | O_CLOEXEC | O_NONBLOCK, 0o600)
            guard descriptor >= 0 else { throw Failure() }
            defer { close(descriptor) }
            guard fsync(descriptor) == 0 else { throw Failure() }
        }
    }

    func remove(for item: KeyringItem) {
        unlink(path(item))
    }

    private func path(_ item: KeyringItem) -> String {
        // With something before it, a profile named "." or ".." names no directory.
        "\(directory)/\(item.collection == .session ? "session" : "profile").\(item.profile)"
    }
}
