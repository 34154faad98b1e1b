import ServiceLifecycle

/// Tells the service manager that the agent works, each time only after those who do the work have shown that they do.
///
/// A timer by itself would go on telling so while every client waits for a stuck event loop. What only waits for others, such as a keyring that hangs,
/// is at work: aborting it would lose a refresh under way.
struct Watchdog: Service {
    /// Nil if nobody wants to be told.
    var interval = ServiceManager.watchdogInterval
    let clock: any AgentClock
    /// Returns when all have shown that they go on.
    let proof: @Sendable () async -> Void
    var beat: @Sendable () -> Void = ServiceManager.alive

    func run() async throws {
        guard let interval else { return try await gracefulShutdown() }
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await proof()
                // Once it is stopping, a beat would have systemd watch it again.
                if Task.isCancelled { break }
                beat()
                try? await clock.sleep(for: interval)  // cancelled: the agent ends
            }
        }
    }
}

extension Agent {
    /// How long the refresher may be at work on one account. Everything that it waits for there ends before.
    private static let patience = Duration.seconds(120)

    /// Returns when the refresher and every account have shown that they go on.
    func progress() async {
        await Reactor.shared.each(of: await accounts.all) { _ = await $0.isSignedIn }
        await parts.deadlines.followed(patience: Self.patience, on: clock)
    }
}
