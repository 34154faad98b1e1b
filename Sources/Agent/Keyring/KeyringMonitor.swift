package import KeyringProtocol

/// Looks how the keyring stands, without libsecret and without a chance of a prompt: only the bus itself and two
/// properties are asked, each with a time-out.
package actor KeyringMonitor {
    /// How long an answer of the bus or the provider may take, and how long the start of a provider.
    package struct Patience: Sendable {
        package var answer: Duration
        package var start: Duration

        package init(answer: Duration = .seconds(2), start: Duration = .seconds(5)) {
            self.answer = answer
            self.start = start
        }
    }

    private struct Question: Hashable {
        var collection: KeyringItem.Collection
        var mayStart: Bool
    }

    private let executor = BlockingExecutor(label: "postern.keyring-monitor")
    private let busAddress: String?
    private let patience: Patience
    private var bus: BusConnection?
    private var answers: [Question: (state: CollectionState, began: ContinuousClock.Instant)] = [:]

    /// - Parameter busAddress: nil if there is no session bus.
    package init(busAddress: String?, patience: Patience = Patience()) {
        self.busAddress = busAddress
        self.patience = patience
    }

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// How the collection stands now.
    ///
    /// - Parameter mayStart: whether D-Bus may start a provider if none is running.
    package nonisolated func state(of collection: KeyringItem.Collection, mayStart: Bool) async -> CollectionState {
        await look(Question(collection: collection, mayStart: mayStart), askedAt: .now)
    }

    /// An answer is good for everybody who asked before it was looked for: those who queue up behind a mute provider
    /// wait for it once.
    private func look(_ question: Question, askedAt: ContinuousClock.Instant) -> CollectionState {
        if let answer = answers[question], answer.began >= askedAt { return answer.state }
        let began = ContinuousClock.now
        let state = look(question)
        answers[question] = (state, began)
        return state
    }

    private func look(_ question: Question) -> CollectionState {
        do {
            return try attempt(question)
        } catch let error where error.meansLostBus {
            // The bus was restarted since it was last asked.
            bus = nil
        } catch let error where error.meansNoOwner {
            // The provider left between two questions.
        } catch {
            return failing(error)
        }
        do {
            return try attempt(question)
        } catch {
            return failing(error)
        }
    }

    private func failing(_ error: BusConnection.CallError) -> CollectionState {
        // The next question gets a connection of its own.
        if error.meansLostBus { bus = nil }
        if error.meansTimedOut { return .failing(reason: "the keyring did not answer in time") }
        return .failing(reason: error.message)
    }

    private func attempt(_ question: Question) throws(BusConnection.CallError) -> CollectionState {
        guard let busAddress else { return .absent(reason: "there is no session bus") }
        let bus: BusConnection
        do {
            bus = try connection(to: busAddress)
        } catch let error where error.meansTimedOut {
            return .failing(reason: "the session bus did not answer in time")
        } catch {
            return .absent(reason: "the session bus cannot be reached: \(error.message)")
        }
        return try bus.find(question.collection, mayStart: question.mayStart, patience: patience).state
    }

    private func connection(to address: String) throws(BusConnection.CallError) -> BusConnection {
        if let bus { return bus }
        let connected = try BusConnection(address: address, timeout: patience.answer)
        bus = connected
        return connected
    }
}
