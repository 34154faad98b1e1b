import FoundationEssentials
import ServiceLifecycle

/// The one task that does what is due: refreshes ahead of expiry, retries of saves, looks at a locked keyring.
struct Refresher: Service {
    let registry: AccountRegistry
    let parts: Account.Parts

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let accounts = await registry.all
                let next = await withTaskGroup(of: Date?.self) { group in
                    for account in accounts {
                        group.addTask { await account.wake() }
                    }
                    return await group.compactMap(\.self).min()
                }
                ServiceManager.status(await registry.summary)
                let pause = next.map { Duration.seconds(max($0.timeIntervalSince(parts.clock.now), 0.01)) }
                await parts.deadlines.sleep(for: pause, on: parts.clock)
            }
        }
        for account in await registry.all {
            await account.finish()
        }
    }
}
