import Glibc
import PosternProtocol

/// A note that a prompt has brought no sign-in to a profile: for those who wait for the same. A person who did not want it is not asked again in that
/// session.
struct DeclinedPrompt {
    /// The desktop session that it was in; empty if none is known.
    let session: String
    /// Nanoseconds since the machine has started, which no change of the clock makes earlier.
    let time: Int
    /// Where no dialog could be shown; nil if the person was asked and has declined.
    let unusablePlace: String?

    static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    /// Nil if there is none.
    init?(of profile: String, socket: String) {
        guard let path = Self.path(profile, socket) else { return nil }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &bytes, bytes.count)
        let lines = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 4, let time = Int(lines[1]) else { return nil }
        session = String(lines[0])
        self.time = time
        unusablePlace = lines[2].isEmpty ? nil : String(lines[2])
    }

    /// Writes the note. One that cannot be written costs the person another prompt, no more.
    static func write(of profile: String, session: String?, unusablePlace: String? = nil, socket: String) {
        guard let path = path(profile, socket) else { return }
        let lines = [session ?? "", String(now), unusablePlace ?? ""].map { $0.filter { !$0.isNewline } }
        let text = Array((lines.joined(separator: "\n") + "\n").utf8)
        let new = "\(path).\(getpid())"
        let descriptor = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return }
        let isWhole = Glibc.write(descriptor, text, text.count) == text.count
        close(descriptor)
        // Whoever reads it finds it whole.
        if !isWhole || rename(new, path) != 0 { unlink(new) }
    }

    static func remove(of profile: String, socket: String) {
        guard let path = path(profile, socket) else { return }
        unlink(path)
    }

    private static func path(_ profile: String, _ socket: String) -> String? {
        guard ProfileName.isValid(profile) else { return nil }
        // A profile may be called "..", which a file may not.
        return RuntimeDirectory.path(of: "declined", "profile-\(profile)", socket: socket)
    }
}
