package import KeyringProtocol
package import PosternProtocol

/// The keyring, asked through a worker process that is started when first needed, given a deadline for each request and
/// replaced when it misses one.
///
/// Loading, saving and deleting never make D-Bus start a provider. Who acts for a person asks for ``state(mayStart:)``
/// first.
package actor KeyringClient: SecretStore {
    /// How the worker is started.
    package struct WorkerCommand: Sendable {
        package var executable: String
        package var arguments: [String]

        package init(executable: String, arguments: [String]) {
            self.executable = executable
            self.arguments = arguments
        }

        /// This very program, even if its file was replaced by an update meanwhile.
        package static let thisProgram = Self(executable: "/proc/self/exe", arguments: ["keyring-worker"])
    }

    private let executor = BlockingExecutor(label: "postern.keyring")
    private let monitor: KeyringMonitor
    private let watch: KeyringWatch
    private let unlocker: KeyringUnlocker
    private let storage: KeyringStorage
    private let command: WorkerCommand
    private let environment: [String: String]
    private let deadline: Duration
    private var worker: KeyringWorkerProcess?
    /// When a request last missed its deadline.
    private var lastTimeout: ContinuousClock.Instant?
    private var isShutDown = false

    /// - Parameters:
    ///   - environment: the worker's environment; names the session bus for both.
    ///   - deadline: how long one request to the worker may take, counted from when those before it have been answered.
    ///   - patience: how long the provider may take to say how it stands, before it is asked for anything else.
    ///   - clock: by which a locked keyring is looked at again.
    package init(
        environment: [String: String], command: WorkerCommand = .thisProgram, deadline: Duration = .seconds(3),
        patience: KeyringMonitor.Patience = KeyringMonitor.Patience(), clock: any AgentClock = SystemClock()
    ) {
        let bus = BusConnection.sessionBusAddress(in: environment)
        monitor = KeyringMonitor(busAddress: bus, patience: patience)
        watch = KeyringWatch(busAddress: bus, monitor: monitor, patience: patience, clock: clock)
        unlocker = KeyringUnlocker(busAddress: bus, patience: patience, clock: clock)
        storage = KeyringStorage(environment: environment)
        self.command = command
        // Without it GLib would look for the bus by rules of its own.
        self.environment = environment.merging(["DBUS_SESSION_BUS_ADDRESS": bus].compactMapValues(\.self)) { $1 }
        self.deadline = deadline
    }

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    package nonisolated func state(mayStart: Bool) async -> KeyringState {
        KeyringState(await state(of: .default, mayStart: mayStart))
    }

    /// As ``state(mayStart:)``, of either collection and with the reason.
    package nonisolated func state(of collection: KeyringItem.Collection, mayStart: Bool) async -> CollectionState {
        await monitor.state(of: collection, mayStart: mayStart)
    }

    package nonisolated func load(_ item: KeyringItem) async throws(SecretStoreError) -> String? {
        switch try await perform(KeyringRequest(operation: .load, item: item)) {
        case .found(let secret): secret
        case .notFound: nil
        case let reply: throw reply.error(for: item)
        }
    }

    package nonisolated func save(_ secret: String, as item: KeyringItem) async throws(SecretStoreError) {
        let reply = try await perform(KeyringRequest(operation: .save, item: item, secret: secret))
        guard reply == .done else { throw await refusal(reply, item) }
    }

    package nonisolated func delete(_ item: KeyringItem) async throws(SecretStoreError) {
        let reply = try await perform(KeyringRequest(operation: .delete, item: item))
        guard reply == .done || reply == .notFound else { throw await refusal(reply, item) }
    }

    package nonisolated func changes() -> AsyncStream<KeyringState> {
        AsyncStream { continuation in
            let following = Task {
                await watch.follow { continuation.yield(KeyringState($0)) }
                continuation.finish()
            }
            continuation.onTermination = { _ in following.cancel() }
        }
    }

    package nonisolated func unlock() async throws(SecretStoreError) -> UnlockOutcome {
        // Also while a dialog is out: the keyring may have been unlocked beside it.
        if await monitor.state(of: .default, mayStart: true) == .available { return .unlocked }
        return try await unlocker.unlock()
    }

    /// The worker's process, if there is one.
    package var workerProcessID: Int32? { worker?.processID }

    /// Ends the worker; whatever is asked afterwards fails.
    package func shutdown() async {
        isShutDown = true
        worker = nil
        await unlocker.shutdown()
    }

    /// Asks the worker, unless it is already plain that the answer would be no good.
    private nonisolated func perform(_ request: KeyringRequest) async throws(SecretStoreError) -> KeyringReply {
        let collection = request.item.collection
        let state = await monitor.state(of: collection, mayStart: false)
        if let trouble = state.trouble(with: collection) { throw trouble }
        return try await ask(request, askedAt: .now)
    }

    /// Why something was not written.
    private func refusal(_ reply: KeyringReply, _ item: KeyringItem) -> SecretStoreError {
        let error = reply.error(for: item)
        guard case .failing = error, item.collection == .default, let obstacle = storage.obstacle else { return error }
        return .storageFull(obstacle)
    }

    /// Those who wait behind a stuck request do not wait once more each: they fail with it.
    private func ask(
        _ request: KeyringRequest, askedAt: ContinuousClock.Instant
    ) throws(SecretStoreError) -> KeyringReply {
        if let lastTimeout, askedAt < lastTimeout { throw .failing("the keyring did not answer others in time") }
        let deadline = ContinuousClock.now + self.deadline
        let isFresh = worker == nil
        if let reply = try attempt(request, before: deadline) { return reply }
        // The worker had ended or lost its bus while idle: every request can be made twice, so a fresh one gets it too.
        if !isFresh, let reply = try attempt(request, before: deadline) { return reply }
        throw .failing("the keyring worker ended, or lost the session bus")
    }

    /// - Returns: nil if only a new worker can answer; there is none any more then.
    private func attempt(
        _ request: KeyringRequest, before deadline: ContinuousClock.Instant
    ) throws(SecretStoreError) -> KeyringReply? {
        do {
            let reply = try runningWorker().ask(request, before: deadline)
            guard case .failed(_, lostBus: true) = reply else { return reply }
            worker = nil
            return nil
        } catch {
            worker = nil
            switch error {
            case .ended: return nil
            case .timedOut:
                lastTimeout = .now
                throw .failing("the keyring did not answer in time")
            case .unreadable: throw .failing("the keyring worker wrote something that is not a reply")
            case .notStarted(let number): throw .failing("the keyring worker could not be started: errno \(number)")
            }
        }
    }

    private func runningWorker() throws(KeyringWorkerProcess.Failure) -> KeyringWorkerProcess {
        if isShutDown { throw .ended }
        if let worker { return worker }
        let started = try KeyringWorkerProcess(
            executable: command.executable, arguments: command.arguments, environment: environment)
        worker = started
        return started
    }
}

extension KeyringState {
    fileprivate init(_ state: CollectionState) {
        self =
            switch state {
            case .available: .available
            case .locked: .locked
            case .absent, .noCollection: .absent
            case .failing: .failing
            }
    }
}

extension KeyringReply {
    /// What a reply that is not the wanted one means to the one who asked.
    fileprivate func error(for item: KeyringItem) -> SecretStoreError {
        switch self {
        case .locked: .locked
        case .absent: .absent("its provider has just ended")
        case .corrupt: .corrupt(item)
        case .noCollection: .noCollection(item.collection)
        case .failed(let message, _): .failing(message)
        case .found, .notFound, .done: .failing("the keyring worker answered another question")
        }
    }
}
