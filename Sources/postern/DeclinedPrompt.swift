import Glibc

/// A note that the person did not want to sign in to a profile: for those who wait for the same, and so that they are not asked again in that session.
struct DeclinedPrompt {
    /// The desktop session that it was in; empty if none is known.
    let session: String
    /// Nanoseconds since the machine has started, which no change of the clock makes earlier.
    let time: Int

    static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    /// Nil if the person has not declined.
    init?(of profile: String, socket: String) {
        guard let path = Self.path(profile, socket) else { return nil }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &bytes, bytes.count)
        let lines = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 3, let time = Int(lines[1]) else { return nil }
        session = String(lines[0])
        self.time = time
    }

    /// Writes the note. One that cannot be written costs the person another prompt, no more.
    static func write(of profile: String, session: String?, socket: String) {
        guard let path = path(profile, socket) else { return }
        let text = Array("\((session ?? "").filter { !$0.isNewline })\n\(now)\n".utf8)
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
        return try? RuntimeDirectory.path(of: "declined", "profile-\(profile)", socket: socket)
    }
}
