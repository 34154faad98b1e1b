import Glibc
import ServiceLifecycle

/// Hears from logind that the machine is about to sleep, and delays that until the agent is ready; and how the person's sessions stand
/// (org.freedesktop.login1(5); systemd.io, "Inhibitor Locks").
///
/// Where there is no system bus or no logind, as in containers, nothing is heard, and nothing is said about it.
actor LogindMonitor: Service {
    private static let patience = Duration.seconds(2)
    /// After this long a logind that did not answer is asked again how the sessions stand.
    private static let pause = Duration.seconds(5)
    /// The longest time after which one is asked again that has never answered.
    private static let longestPause = Duration.seconds(300)

    private let executor = BlockingExecutor(label: "postern.logind-monitor")
    private let busAddress: String
    private let clock: any AgentClock
    private let changed: @Sendable (MachineChange) async -> Void
    private let told: @Sendable (DesktopState.News) async -> Void
    /// What was told last: a connection that is lost meanwhile does not end a sleep.
    private var isPreparing = false

    /// - Parameters:
    ///   - changed: is waited for before the machine may sleep.
    ///   - told: is given what there is to know of the desktop.
    init(
        environment: [String: String], clock: any AgentClock,
        changed: @escaping @Sendable (MachineChange) async -> Void,
        told: @escaping @Sendable (DesktopState.News) async -> Void
    ) {
        busAddress = BusConnection.systemBusAddress(in: environment)
        self.clock = clock
        self.changed = changed
        self.told = told
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    nonisolated func run() async throws {
        await cancelWhenGracefulShutdown { await self.follow() }
    }

    private func follow() async {
        var backoff = Backoff()
        // What has been told already wakes nobody again.
        var isToldAbsent = false
        while !Task.isCancelled {
            // A bus that is away, or went away, is looked for again.
            if let logind = try? Logind(busAddress: busAddress, patience: Self.patience) {
                backoff = Backoff()
                isToldAbsent = false
                try? await follow(logind)
            } else if !isToldAbsent {
                await told(.sessions(nil))
                isToldAbsent = true
            }
            try? await clock.sleep(for: backoff.next())  // cancelled: the agent ends
        }
    }

    /// Acts upon what logind says until the connection is lost.
    private func follow(_ logind: Logind) async throws(BusConnection.CallError) {
        var lock = try? logind.inhibitSleep()
        // Before anything can be served by what is told of the sessions: a sleep or a resume may have been missed.
        await hearOfSleep(logind, &lock)
        var view = logind.view() ?? Logind.View()
        await told(.sessions(view.sessions))
        var backoff = Backoff(base: Self.pause, cap: Self.longestPause)
        var nextTry = logind.isMute ? clock.now + backoff.next() : nil
        while !Task.isCancelled {
            let isTryDue = nextTry.map { $0 <= clock.now } ?? false
            if isTryDue {
                nextTry = nil
                logind.askAgain()
            }
            // Before any pause: what came in during a call shows in no descriptor any more.
            let arrived = try logind.news()
            guard let news = arrived ?? (isTryDue ? [] : nil) else {
                let pause = nextTry.map { max($0.duration(since: clock.now), .zero) }
                await logind.awaitArrival(for: pause, on: clock)
                continue
            }
            await hearOfSleep(logind, &lock)
            // A logind that has just been started gave none before.
            if lock == nil, !isPreparing { lock = try? logind.inhibitSleep() }
            for wish in news {
                if let id = view.id(ofSessionAt: wish.path) {
                    await told(wish.isLock ? .lock(session: id) : .unlock(session: id))
                }
            }
            guard let latest = logind.view() else {
                nextTry = clock.now + Self.pause
                continue
            }
            nextTry = logind.isMute ? nextTry ?? clock.now + backoff.next() : nil
            if latest != view {
                view = latest
                await told(.sessions(view.sessions))
            }
        }
        withExtendedLifetime(lock) {}
    }

    /// Every user of the machine may send signals to this connection: none is believed, logind is asked.
    private func hearOfSleep(_ logind: Logind, _ lock: inout InhibitorLock?) async {
        guard let answer = try? logind.isPreparingForSleep(), answer != isPreparing else { return }
        isPreparing = answer
        if isPreparing {
            await changed(.goingToSleep)
            lock = nil
        } else {
            lock = try? logind.inhibitSleep()
            await changed(.resumed)
        }
    }
}
