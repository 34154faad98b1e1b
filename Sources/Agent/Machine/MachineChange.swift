import Logging
import PosternProtocol
import ServiceLifecycle

/// What happens to the machine that changes what is to be done, or whether it can be.
enum MachineChange: String, Sendable {
    case goingToSleep = "The machine goes to sleep."
    case resumed = "The machine has resumed."
    /// The wall clock jumped. Deadlines are of another clock, but not all that is looked at is: the keyring's records and ID tokens have dates.
    case clockSet = "The clock was set."
    /// A link, an address or a route has come or gone.
    case networkChanged = "The network has changed."
}

extension Agent {
    /// What tells of changes, for as long as the agent runs.
    func machineMonitors(_ environment: [String: String]) -> [any Service] {
        let changed: @Sendable (MachineChange) async -> Void = { await machineChanged($0) }
        return [
            ClockMonitor(log: log, changed: changed), NetworkMonitor(clock: clock, log: log, changed: changed),
            LogindMonitor(environment: environment, clock: clock, changed: changed, told: desktopChanged),
            ScreenSaverMonitor(environment: environment, clock: clock, desktop: desktop, told: desktopChanged),
        ]
    }

    /// How long the machine's sleep is delayed at most. logind waits 5 s for all who delay it (logind.conf(5), InhibitDelayMaxSec=).
    static let sleepDelay = Duration.seconds(4)
    /// Over this time refreshes are spread that are due at resume, if there are as many profiles as seconds.
    static let resumeSpread = Duration.seconds(10)

    /// Has all accounts act upon a change. For ``MachineChange/goingToSleep`` it returns when they are ready, or their time is over.
    func machineChanged(_ change: MachineChange) async {
        log.log(level: change == .networkChanged ? .debug : .info, "\(change.rawValue)")
        let accounts = await accounts.all
        switch change {
        case .goingToSleep:
            // First of all, because others may hold the sleep up no longer.
            await desktop.take(.goingToSleep)
            let ready = Nudge()
            // Not a child task: an attempt that takes longer goes on, and is not waited for.
            Task {
                await withTaskGroup { group in
                    for account in accounts { group.addTask { await account.prepareForSleep() } }
                }
                ready.nudge()
            }
            await ready.sleep(for: Self.sleepDelay, on: clock)
            return
        case .resumed:
            await desktop.take(.resumed(at: clock.now))
            parts.notices.gather(at: clock.now)
            let spread = min(Self.resumeSpread, .seconds(accounts.count - 1))
            for account in accounts { await account.resume(after: spread * Double.random(in: 0...1)) }
        case .clockSet:
            // Without logind this is all that is heard of a resume.
            parts.notices.gather(at: clock.now)
        case .networkChanged:
            events.publish(.network)
            for account in accounts { await account.networkChanged() }
        }
        parts.deadlines.allMoved()
    }
}
