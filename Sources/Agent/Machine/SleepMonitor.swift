import Glibc
import ServiceLifecycle

/// Hears from logind that the machine is about to sleep, and delays that until the agent is ready (org.freedesktop.login1(5); systemd.io, "Inhibitor
/// Locks").
///
/// Where there is no system bus or no logind, as in containers, nothing is heard, and nothing is said about it.
actor SleepMonitor: Service {
    private static let logind = "org.freedesktop.login1"
    private static let path = "/org/freedesktop/login1"
    private static let interface = "org.freedesktop.login1.Manager"
    private static let patience = Duration.seconds(2)

    private let executor = BlockingExecutor(label: "postern.sleep-monitor")
    private let busAddress: String
    private let clock: any AgentClock
    private let changed: @Sendable (MachineChange) async -> Void

    init(
        environment: [String: String], clock: any AgentClock, changed: @escaping @Sendable (MachineChange) async -> Void
    ) {
        busAddress = BusConnection.systemBusAddress(in: environment)
        self.clock = clock
        self.changed = changed
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    nonisolated func run() async throws {
        await cancelWhenGracefulShutdown { await self.follow() }
    }

    private func follow() async {
        var backoff = Backoff()
        while !Task.isCancelled {
            // A bus that is away, or went away, is looked for again.
            if let bus = try? listen() {
                backoff = Backoff()
                try? await follow(bus)
            }
            try? await clock.sleep(for: backoff.next())  // cancelled: the agent ends
        }
    }

    private func listen() throws(BusConnection.CallError) -> BusConnection {
        let bus = try BusConnection(address: busAddress, timeout: Self.patience)
        for rule in [
            "type='signal',sender='\(Self.logind)',path='\(Self.path)',interface='\(Self.interface)',"
                + "member='PrepareForSleep'",
            "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='\(Self.logind)'",
        ] {
            try bus.subscribe(to: rule, timeout: Self.patience)
        }
        return bus
    }

    /// Acts upon what logind says until the connection is lost.
    private func follow(_ bus: BusConnection) async throws(BusConnection.CallError) {
        var isPreparing = false
        var lock = try? takeLock(bus)
        while !Task.isCancelled {
            guard try hasNews(bus) else {
                await bus.awaitArrival(for: nil, on: clock)
                continue
            }
            // Every user of the machine may send signals to this connection: none is believed, logind is asked.
            if let answer = try? isPreparingForSleep(bus), answer != isPreparing {
                isPreparing = answer
                if isPreparing {
                    await changed(.goingToSleep)
                    lock = nil
                } else {
                    lock = try? takeLock(bus)
                    await changed(.resumed)
                }
            }
            // A logind that has just been started gave none before.
            if lock == nil, !isPreparing { lock = try? takeLock(bus) }
        }
        withExtendedLifetime(lock) {}
    }

    /// Reads all that has arrived.
    private func hasNews(_ bus: BusConnection) throws(BusConnection.CallError) -> Bool {
        var hasNews = false
        while try bus.nextSignal() != nil { hasNews = true }
        return hasNews
    }

    /// The manager's property `PreparingForSleep`.
    private func isPreparingForSleep(_ bus: BusConnection) throws(BusConnection.CallError) -> Bool {
        try bus.booleanProperty("PreparingForSleep", of: Self.interface, Self.path, Self.logind, timeout: Self.patience)
    }

    /// Without the lock, as on a machine whose policy forbids it, the agent still hears of sleep, but is not waited for.
    private func takeLock(_ bus: BusConnection) throws(BusConnection.CallError) -> InhibitorLock {
        try bus.call(
            Self.logind, Self.path, Self.interface, "Inhibit",
            [
                .string("sleep"), .string("Postern"), .string("A refreshed sign-in is being saved"), .string("delay"),
            ], timeout: Self.patience
        ) { answer throws(BusConnection.CallError) in InhibitorLock(descriptor: try answer.fileDescriptor()) }
    }
}

/// Sleep is delayed for as long as the descriptor is open.
private final class InhibitorLock {
    private let descriptor: CInt

    init(descriptor: CInt) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }
}
