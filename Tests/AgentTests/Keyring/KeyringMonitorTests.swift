import Agent
import KeyringProtocol
import TestSupport
import Testing

@Suite("The keyring monitor", .timeLimit(.minutes(5)))
struct KeyringMonitorTests {
    static func monitor(
        of desktop: PrivateDesktop, patience: KeyringMonitor.Patience = .init()
    ) -> KeyringMonitor {
        KeyringMonitor(busAddress: desktop.busAddress, patience: patience)
    }

    static func isAbsent(_ state: CollectionState) -> Bool {
        if case .absent = state { true } else { false }
    }

    static func isFailing(_ state: CollectionState) -> Bool {
        if case .failing = state { true } else { false }
    }

    @Test("it tells unlocked from locked, for each collection by itself")
    func lockedAndUnlocked() async throws {
        try await withPrivateDesktop { desktop in
            let monitor = Self.monitor(of: desktop)
            #expect(await monitor.state(of: .default, mayStart: false) == .available)
            try await desktop.lockKeyring()
            #expect(await monitor.state(of: .default, mayStart: false) == .locked)
            #expect(await monitor.state(of: .session, mayStart: false) == .available)
            try await desktop.unlockKeyring()
            #expect(await monitor.state(of: .default, mayStart: false) == .available)
        }
    }

    @Test("a provider without a default collection is told from no provider")
    func withoutCollection() async throws {
        try await withPrivateDesktop(provider: .withoutKeyring) { desktop in
            let monitor = Self.monitor(of: desktop)
            #expect(await monitor.state(of: .default, mayStart: false) == .noCollection)
            #expect(await monitor.state(of: .session, mayStart: false) == .available)
        }
        try await withPrivateDesktop(provider: .none) { desktop in
            let state = await Self.monitor(of: desktop).state(of: .default, mayStart: true)
            #expect(Self.isAbsent(state))
        }
    }

    @Test("a provider is started only if that is allowed")
    func starts() async throws {
        try await withPrivateDesktop(provider: .none) { desktop in
            try await desktop.installProvider("/usr/bin/gnome-keyring-daemon --foreground --components=secrets")
            let monitor = Self.monitor(of: desktop)
            let before = await monitor.state(of: .default, mayStart: false)
            #expect(Self.isAbsent(before))
            #expect(await monitor.state(of: .default, mayStart: true) == .noCollection)
            #expect(await monitor.state(of: .default, mayStart: false) == .noCollection)
        }
    }

    @Test("a provider that fails to start is absent")
    func startFails() async throws {
        try await withPrivateDesktop(provider: .none) { desktop in
            try await desktop.installProvider("/bin/false")
            let state = await Self.monitor(of: desktop).state(of: .default, mayStart: true)
            #expect(Self.isAbsent(state))
        }
    }

    @Test("a provider that never finishes starting is failing, in time")
    func startHangs() async throws {
        try await withPrivateDesktop(provider: .none) { desktop in
            // It stays on the bus, never takes the name, and ends with the bus.
            try await desktop.installProvider("/usr/bin/dbus-monitor")
            let monitor = Self.monitor(of: desktop, patience: .init(start: .seconds(1)))
            let duration = await ContinuousClock().measure {
                let state = await monitor.state(of: .default, mayStart: true)
                #expect(state == .failing(reason: "the keyring's provider did not start in time"))
            }
            // D-Bus' own bound is 25 s.
            #expect(duration < .seconds(20))
        }
    }

    @Test("a mute provider and a mute bus are failing, and well again when they go on")
    func mute() async throws {
        try await withPrivateDesktop { desktop in
            let monitor = Self.monitor(of: desktop)
            await desktop.stopKeyring()
            let withMuteProvider = await monitor.state(of: .default, mayStart: false)
            #expect(Self.isFailing(withMuteProvider))
            await desktop.continueKeyring()
            #expect(await monitor.state(of: .default, mayStart: false) == .available)

            await desktop.stopBus()
            let withMuteBus = await monitor.state(of: .default, mayStart: false)
            #expect(Self.isFailing(withMuteBus))
            let fresh = await Self.monitor(of: desktop).state(of: .default, mayStart: false)
            #expect(fresh == .failing(reason: "the session bus did not answer in time"))
            await desktop.continueBus()
            #expect(await monitor.state(of: .default, mayStart: false) == .available)
        }
    }

    @Test("it finds a bus that was away")
    func busReturns() async throws {
        try await withPrivateDesktop { desktop in
            let monitor = Self.monitor(of: desktop)
            #expect(await monitor.state(of: .default, mayStart: false) == .available)
            await desktop.killBus()
            let without = await monitor.state(of: .default, mayStart: true)
            #expect(Self.isAbsent(without))
            try await desktop.startBus()
            try await desktop.startKeyring(unlocked: true)
            #expect(await monitor.state(of: .default, mayStart: false) == .available)
        }
    }

    @Test("where there is no session bus there is no keyring")
    func withoutBus() async {
        let nowhere = await KeyringMonitor(busAddress: nil).state(of: .default, mayStart: true)
        #expect(nowhere == .absent(reason: "there is no session bus"))
        let noSocket = await KeyringMonitor(busAddress: "unix:path=/nonexistent/bus").state(
            of: .default, mayStart: true)
        #expect(Self.isAbsent(noSocket))
    }
}
