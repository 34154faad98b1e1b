/// Has the provider ask the person to unlock the keyring, by one dialog however many want it.
actor KeyringUnlocker {
    private typealias End = Result<UnlockOutcome, SecretStoreError>

    private struct Dialog {
        var id: Int
        var prompt: Task<Void, Never>
        var began: ContinuousClock.Instant
    }

    /// A dialog that was left is joined by who asks next, rather than have the provider line up a second one behind it.
    /// After this long it is taken for lost: gnome-keyring does not tell of each that comes to nothing.
    private static let lifetime = Duration.seconds(600)

    private let busAddress: String?
    private let patience: KeyringMonitor.Patience
    private let clock: any AgentClock
    private var dialog: Dialog?
    private var waiters: [Int: AsyncStream<End>.Continuation] = [:]
    private var lastID = 0
    private var isShutDown = false

    /// - Parameter busAddress: nil if there is no session bus.
    init(busAddress: String?, patience: KeyringMonitor.Patience, clock: any AgentClock) {
        self.busAddress = busAddress
        self.patience = patience
        self.clock = clock
    }

    /// Waits for the answer until the task is cancelled; the dialog is then left as it is.
    func unlock() async throws(SecretStoreError) -> UnlockOutcome {
        // Who has gone while the keyring was looked at, or an agent that ends, wants no dialog.
        guard !Task.isCancelled, !isShutDown else { return .abandoned }
        let (ends, waiter) = AsyncStream.makeStream(of: End.self)
        lastID += 1
        let id = lastID
        waiters[id] = waiter
        defer { waiters[id] = nil }
        open()
        for await end in ends { return try end.get() }
        return .abandoned
    }

    /// Leaves the dialog, if there is one.
    func shutdown() {
        isShutDown = true
        dialog?.prompt.cancel()
    }

    private func open() {
        // One that is taken for lost keeps its connection: it may still be on the screen.
        if let dialog, ContinuousClock.now - dialog.began <= Self.lifetime { return }
        let id = lastID
        let prompt = KeyringPrompt(busAddress: busAddress, patience: patience, clock: clock)
        dialog = Dialog(
            id: id,
            prompt: Task {
                let end: End
                do throws(SecretStoreError) {
                    end = .success(try await prompt.run())
                } catch {
                    end = .failure(error)
                }
                close(id, end)
            }, began: .now)
    }

    private func close(_ id: Int, _ end: End) {
        // One that was taken for lost has a successor, which those who wait now wait for.
        guard dialog?.id == id else { return }
        dialog = nil
        for waiter in waiters.values {
            waiter.yield(end)
            waiter.finish()
        }
    }
}
