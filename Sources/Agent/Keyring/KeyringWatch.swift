import KeyringProtocol
import PosternProtocol

/// Follows how the default collection stands, by the signals of the bus and the provider where they tell of it, and by
/// looking again every few seconds only where they do not.
///
/// It looks as ``KeyringMonitor`` does: nothing that it does starts a provider or prompts.
actor KeyringWatch {
    /// How often it looks where no signal would tell: an unlock over gnome-keyring's control socket sends none, neither
    /// does a new default alias, a provider that goes on after it was stopped, or a bus that comes back.
    static let poll = Duration.seconds(5)

    private let executor = BlockingExecutor(label: "postern.keyring-watch")
    private let busAddress: String?
    private let monitor: KeyringMonitor
    private let patience: KeyringMonitor.Patience
    private let clock: any AgentClock

    /// - Parameter busAddress: nil if there is no session bus, and never will be.
    init(busAddress: String?, monitor: KeyringMonitor, patience: KeyringMonitor.Patience, clock: any AgentClock) {
        self.busAddress = busAddress
        self.monitor = monitor
        self.patience = patience
        self.clock = clock
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Reports how the collection stands, at first and then whenever that may have changed, until the task is
    /// cancelled. A provider that took another's place is reported even if it stands as the other did.
    func follow(_ report: @Sendable (CollectionState) -> Void) async {
        var bus: BusConnection?
        var last: CollectionState?
        var isNews = false
        while !Task.isCancelled {
            // It listens before it looks, so nothing is missed in between.
            if bus == nil, let busAddress {
                bus = listen(to: busAddress)
                isNews = isNews || bus != nil
            }
            let state = await monitor.state(of: .default, mayStart: false)
            if isNews || state != last { report(state) }
            last = state
            let pause = busAddress != nil && Self.needsPoll(state, isListening: bus != nil) ? Self.poll : nil
            if let listening = bus {
                await listening.awaitArrival(for: pause, on: clock)
                do {
                    isNews = try hasNewProvider(listening)
                } catch {
                    bus = nil
                    isNews = true
                }
            } else {
                await Nudge().sleep(for: pause, on: clock)
                isNews = false
            }
        }
    }

    /// Whether the state may change without a signal that it can hear.
    static func needsPoll(_ state: CollectionState, isListening: Bool) -> Bool {
        switch state {
        case .available, .absent: !isListening
        case .locked, .noCollection, .failing: true
        }
    }

    /// A connection on which everything arrives that may tell of a change, or nil if there is no bus.
    private func listen(to address: String) -> BusConnection? {
        let rules = [
            "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='org.freedesktop.secrets'",
            "type='signal',sender='org.freedesktop.secrets',interface='org.freedesktop.Secret.Service'",
            "type='signal',sender='org.freedesktop.secrets',interface='org.freedesktop.DBus.Properties',"
                + "arg0='org.freedesktop.Secret.Collection'",
        ]
        // Why there is none is what the monitor says.
        guard let bus = try? BusConnection(address: address, timeout: patience.answer) else { return nil }
        do {
            for rule in rules { try bus.subscribe(to: rule, timeout: patience.answer) }
            _ = try hasNewProvider(bus)
        } catch {
            return nil
        }
        return bus
    }

    /// Reads all that has arrived. Of signals that do not tell of another provider it is enough that they came: what
    /// has become of the collection is looked for.
    private func hasNewProvider(_ bus: BusConnection) throws(BusConnection.CallError) -> Bool {
        var isNew = false
        while let signal = try bus.nextSignal() {
            isNew = isNew || signal.member == "NameOwnerChanged"
        }
        return isNew
    }
}
