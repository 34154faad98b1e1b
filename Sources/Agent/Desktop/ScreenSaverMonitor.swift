import ServiceLifecycle

/// Hears from the screen saver whether it is on, for desktops that do not tell the login manager (freedesktop.org, "Idle Inhibition Service": the name
/// and methods of org.freedesktop.ScreenSaver, as KDE, XScreenSaver and others have them).
///
/// It is asked only while some profile has `lock = screen`.
actor ScreenSaverMonitor: Service {
    private static let name = "org.freedesktop.ScreenSaver"
    /// Both are in use.
    private static let paths = ["/org/freedesktop/ScreenSaver", "/ScreenSaver"]
    private static let patience = Duration.seconds(2)

    private let executor = BlockingExecutor(label: "postern.screen-saver-monitor")
    private let busAddress: String?
    private let clock: any AgentClock
    private let desktop: Desktop
    private let told: @Sendable (DesktopState.News) async -> Void

    init(
        environment: [String: String], clock: any AgentClock, desktop: Desktop,
        told: @escaping @Sendable (DesktopState.News) async -> Void
    ) {
        busAddress = BusConnection.sessionBusAddress(in: environment)
        self.clock = clock
        self.desktop = desktop
        self.told = told
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    nonisolated func run() async throws {
        // Without a session bus there is none, and never will be.
        guard let busAddress else {
            await told(.screenSaver(nil))
            return try await gracefulShutdown()
        }
        await cancelWhenGracefulShutdown { await self.follow(busAddress) }
    }

    private func follow(_ address: String) async {
        var backoff = Backoff()
        while !Task.isCancelled {
            await desktop.screenSaverFollowed()
            if let bus = try? listen(to: address) {
                backoff = Backoff()
                try? await follow(bus)
            }
            // Nobody says any more that it is off.
            await told(.screenSaver(nil))
            try? await clock.sleep(for: backoff.next())  // cancelled: the agent ends
        }
    }

    private func listen(to address: String) throws(BusConnection.CallError) -> BusConnection {
        let bus = try BusConnection(address: address, timeout: Self.patience)
        for rule in [
            "type='signal',sender='\(Self.name)',interface='\(Self.name)',member='ActiveChanged'",
            "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='\(Self.name)'",
        ] {
            try bus.subscribe(to: rule, timeout: Self.patience)
        }
        return bus
    }

    /// Tells what there is to tell until the connection is lost.
    private func follow(_ bus: BusConnection) async throws(BusConnection.CallError) {
        var owner = try bus.owner(of: Self.name, timeout: Self.patience)
        await told(.screenSaver(owner.flatMap { isActive(bus, $0) }))
        while !Task.isCancelled {
            guard let signal = try bus.nextSignal() else {
                await bus.awaitArrival(for: nil, on: clock)
                continue
            }
            switch signal.member {
            case "ActiveChanged":
                // Every program of the user may send one.
                guard signal.sender == owner, let isOn = try? signal.body.boolean() else { continue }
                await told(.screenSaver(isOn))
            case "NameOwnerChanged":
                owner = try bus.owner(of: Self.name, timeout: Self.patience)
                await told(.screenSaver(owner.flatMap { isActive(bus, $0) }))
            default:
                continue
            }
        }
    }

    /// What it answers; one that knows no such method is not on, as far as anybody can tell. Nil: it does not answer, which is no unlock.
    private func isActive(_ bus: BusConnection, _ owner: String) -> Bool? {
        for path in Self.paths {
            do throws(BusConnection.CallError) {
                return try bus.call(owner, path, Self.name, "GetActive", [], timeout: Self.patience) {
                    message throws(BusConnection.CallError) in try message.boolean()
                }
            } catch {
                if error.meansTimedOut { return nil }
            }
        }
        return false
    }
}
