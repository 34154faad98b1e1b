import CLinux
import Glibc
import PosternProtocol

/// The one prompt that a person has at a time, whichever process shows it: flock(2) on a file, so that the kernel frees it if its holder dies.
///
/// The file names the profile that is asked about, for those who wait. A holder that ends in order empties it.
final class PromptLock {
    private let descriptor: CInt
    /// The profile whose prompt ended by the death of its process: its sign-in may be live with nobody to lead it.
    let abandoned: String?

    /// The others' prompts have not ended in time.
    struct TimedOut: Error {
        var profile: String?
    }

    /// Waits until nobody else holds it.
    ///
    /// - Parameters:
    ///   - profile: what the prompt is about; nil if that is not known.
    ///   - limit: how long to wait; for ever if nil.
    ///   - tell: is told once that it has to wait, and for which profile's prompt.
    init(
        _ path: String, profile: String?, _ interrupts: Interrupts, limit: Duration? = nil, tell: (String?) -> Void
    ) throws {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Failure.noLock(path, .last) }
        do {
            try Self.wait(for: descriptor, path, interrupts, limit, tell)
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        abandoned = Self.holder(descriptor)
        ftruncate(descriptor, 0)
        if let profile, ProfileName.isValid(profile) { _ = pwrite(descriptor, profile, profile.utf8.count, 0) }
    }

    deinit {
        ftruncate(descriptor, 0)
        // Before the file is closed, which is what wakes those who wait.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    private static func wait(
        for descriptor: CInt, _ path: String, _ interrupts: Interrupts, _ limit: Duration?, _ tell: (String?) -> Void
    ) throws {
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
        // A person has 128 of these (inotify(7)), and there may be more who wait: without one it is tried once a second.
        let watch = inotify_init1(CInt(IN_CLOEXEC | IN_NONBLOCK))
        defer { if watch >= 0 { close(watch) } }
        inotify_add_watch(watch, path, UInt32(IN_CLOSE_WRITE))
        let end = limit.map { ContinuousClock.now + $0 }
        var isTold = false
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { throw SystemError.last }
            if let end, ContinuousClock.now >= end { throw TimedOut(profile: holder(descriptor)) }
            if !isTold { tell(holder(descriptor)) }
            isTold = true
            var entries = [watch, interrupts.descriptor].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            // Of a holder that dies the file is told to be closed just before the lock is free, so once a second it is tried all the same.
            poll(&entries, 2, 1000)
            if let interruption = interrupts.next() { throw interruption }
            var events = [UInt8](repeating: 0, count: 4096)
            if watch >= 0 { _ = read(watch, &events, events.count) }
        }
    }

    /// The profile whose prompt ended by the death of its process, if nobody has shown another one since; nil if somebody holds the lock.
    static func abandoned(at path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard holder(descriptor) != nil, flock(descriptor, LOCK_SH | LOCK_NB) == 0 else { return nil }
        // Read again: whoever held it may have ended in order meanwhile.
        return holder(descriptor)
    }

    private static func holder(_ descriptor: CInt) -> String? {
        var bytes = [UInt8](repeating: 0, count: 65)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let name = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
        return ProfileName.isValid(name) ? name : nil
    }
}

extension Failure {
    /// The file by which prompts wait for each other cannot be had.
    static func noLock(_ path: String, _ error: SystemError) -> Failure {
        Failure(
            "No prompt can be shown: \(path), by which prompts wait for each other, cannot be opened (\(error.words)).",
            advice: "XDG_RUNTIME_DIR must be your own directory, and that path a file or nothing.",
            status: ExitStatus.ioError)
    }
}
