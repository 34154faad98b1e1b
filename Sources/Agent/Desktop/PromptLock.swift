import Glibc

/// Keeps the keyring's dialog and the command's prompts from each other: a person has one at a time. It is a lock (flock(2)) on the file that the command
/// takes as well, so that the kernel frees it if its holder dies.
actor PromptLock {
    /// A lock of which no signal tells that it is free is tried this often while somebody waits for it.
    private static let pause = Duration.seconds(1)

    /// Nil: there is no directory that would be the person's own.
    private let path: String?
    private weak var own: Hold?

    nonisolated var unownedExecutor: UnownedSerialExecutor { Reactor.shared.asUnownedSerialExecutor() }

    init(environment: [String: String]) {
        let directory = environment["XDG_RUNTIME_DIR"].flatMap { $0.isEmpty ? nil : $0 }
        path = directory.map { $0 + "/postern/prompt.lock" }
    }

    /// As long as it lives nobody else shows a prompt.
    final class Hold: Sendable {
        private let descriptor: CInt

        fileprivate init(_ descriptor: CInt) {
            self.descriptor = descriptor
        }

        deinit {
            // Before the file is closed, which is what wakes those who wait.
            flock(descriptor, LOCK_UN)
            close(descriptor)
        }
    }

    /// Waits until no other process holds it, or the task is cancelled. All of this process share one hold, as they share the keyring's dialog. What the file says is left as it is: the command notes in it what it asks about.
    ///
    /// - Returns: nil if there is no such file and none can be made, or if the task was cancelled.
    func hold(on clock: any AgentClock) async -> Hold? {
        guard let path else { return nil }
        while !Task.isCancelled {
            if let own { return own }
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
            guard descriptor >= 0 else { return nil }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
                let hold = Hold(descriptor)
                own = hold
                return hold
            }
            close(descriptor)
            try? await clock.sleep(for: Self.pause)  // cancelled: nobody waits any more
        }
        return nil
    }

    /// Whether another process shows a prompt now.
    var isHeldByOthers: Bool {
        guard let path, own == nil else { return false }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0
    }
}
