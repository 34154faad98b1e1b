import KeyringProtocol

/// One dialog in which the provider asks the person to unlock the default collection.
///
/// It speaks the protocol itself, on a connection of its own. libsecret waits for ever for a prompt whose provider has
/// died, and cannot give one up (libsecret 0.20.5 to 0.21.7, secret-service.c, `on_real_prompt_completed`).
///
/// A dialog that nobody waits for any more is left to the person, and the connection kept until it is answered or the agent ends.
/// `Dismiss` is never called: gnome-keyring 42 to 50 end by an assertion then (gkd-secret-unlock.c,
/// `perform_next_unlock`), and on a closed connection they go on with objects that are freed already.
actor KeyringPrompt {
    /// How often it is looked whether the collection was unlocked by other means, of which gnome-keyring sends no
    /// signal. Neither does it say that a prompt has come to nothing by an error of its own.
    private static let poll = KeyringWatch.poll

    private let executor = BlockingExecutor(label: "postern.keyring-prompt")
    private let busAddress: String?
    private let patience: KeyringMonitor.Patience
    private let clock: any AgentClock

    /// - Parameter busAddress: nil if there is no session bus.
    init(busAddress: String?, patience: KeyringMonitor.Patience, clock: any AgentClock) {
        self.busAddress = busAddress
        self.patience = patience
        self.clock = clock
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Asks, and waits for the answer until the task is cancelled.
    func run() async throws(SecretStoreError) -> UnlockOutcome {
        guard let busAddress else { throw .absent("there is no session bus") }
        do {
            let bus = try BusConnection(address: busAddress, timeout: patience.answer)
            let finding = try bus.find(.default, mayStart: true, patience: patience)
            if let trouble = finding.state.trouble(with: .default), trouble != .locked { throw trouble }
            guard case .collection(let path, let provider, isLocked: true) = finding else { return .unlocked }
            return try await ask(bus, collection: path, provider: provider)
        } catch let error as SecretStoreError {
            throw error
        } catch let error as BusConnection.CallError {
            if error.meansLostBus || error.meansNoOwner { throw .absent("its provider ended while it was asked") }
            throw .failing(error.meansTimedOut ? "its provider did not answer in time" : error.message)
        } catch {
            throw .failing("unknown error")
        }
    }

    private func ask(_ bus: BusConnection, collection: String, provider: String) async throws -> UnlockOutcome {
        for rule in [
            "type='signal',sender='\(provider)',interface='org.freedesktop.Secret.Prompt',member='Completed'",
            "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='\(provider)'",
        ] {
            try bus.subscribe(to: rule, timeout: patience.answer)
        }
        if let prompt = try bus.unlock(collection, of: provider, timeout: patience.start) {
            try bus.show(prompt, of: provider, timeout: patience.start)
            while !Task.isCancelled {
                // First of all, for a signal that arrives meanwhile is kept by sd-bus, where no arrival tells of it.
                if try isUnlocked(collection, of: provider, bus) { return .unlocked }
                if let isDismissed = try end(of: prompt, bus) {
                    let isLocked = try bus.isLocked(collection, of: provider, timeout: patience.answer)
                    guard isLocked else { return .unlocked }
                    if isDismissed { return .dismissed }
                    throw SecretStoreError.failing("its provider said that it was unlocked, and it is locked")
                }
                await bus.awaitArrival(for: Self.poll, on: clock)
            }
            return .abandoned
        }
        guard try bus.isLocked(collection, of: provider, timeout: patience.answer) else { return .unlocked }
        throw SecretStoreError.failing("its provider neither unlocks it nor asks for anything")
    }

    /// Reads all that has arrived.
    ///
    /// - Returns: nil if the prompt is still out, else whether it was dismissed.
    private func end(of prompt: String, _ bus: BusConnection) throws -> Bool? {
        while let signal = try bus.nextSignal() {
            switch signal.member {
            case "Completed" where signal.path == prompt: return try signal.body.boolean()
            case "NameOwnerChanged": throw SecretStoreError.absent("its provider ended while it was asking")
            default: continue
            }
        }
        return nil
    }

    /// A provider that is too busy with its dialog to answer has not unlocked anything.
    private func isUnlocked(
        _ collection: String, of provider: String, _ bus: BusConnection
    ) throws(BusConnection.CallError) -> Bool {
        do {
            return try !bus.isLocked(collection, of: provider, timeout: patience.answer)
        } catch let error where error.meansTimedOut {
            return false
        }
    }
}
