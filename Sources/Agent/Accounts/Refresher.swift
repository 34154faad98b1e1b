import FoundationEssentials
import ServiceLifecycle

/// The one task that does what is due: refreshes ahead of expiry, retries of saves, looks at a locked keyring.
struct Refresher: Service {
    let registry: AccountRegistry
    let logins: LoginSessions
    let parts: Account.Parts

    /// So many accounts are woken at once: not all, because what thousands of wake-ups need at the same time would leave the memory in tatters, and not few,
    /// because those who wait for a keyring that hangs fail together, after some seconds.
    private static let atOnce = 128

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var agenda = Agenda()
            while !Task.isCancelled {
                await doWhatIsDue(&agenda)
                let pause = agenda.next.map { max($0.duration(since: parts.clock.now), .milliseconds(10)) }
                await parts.deadlines.sleep(for: pause, on: parts.clock)
            }
        }
        // An exchange under way brings tokens that the accounts are to save.
        await logins.finish()
        await withTaskGroup { group in
            for account in await registry.withRetired {
                group.addTask {
                    if await !account.finish() { await account.warnOfUnsavedRecord() }
                }
            }
        }
    }

    private func doWhatIsDue(_ agenda: inout Agenda) async {
        let accounts: [Account]
        switch parts.deadlines.take(at: parts.clock.now) {
        case .all:
            agenda = Agenda()
            accounts = await registry.withRetired
        case .some(let moved):
            accounts = agenda.due(at: parts.clock.now, besides: moved)
        }
        await withTaskGroup(of: (Account, Date?, Bool).self) { group in
            var rest = accounts[...]
            func begin() {
                // An agent that ends need not have read the keyring for all of them.
                guard !Task.isCancelled, let account = rest.popFirst() else { return }
                group.addTask { (account, await account.wake(), await account.isSignedIn) }
            }
            for _ in 0..<Self.atOnce { begin() }
            for await (account, next, isSignedIn) in group {
                agenda.set(account, next, isSignedIn: isSignedIn)
                parts.deadlines.progressed(at: parts.clock.now)
                begin()
            }
        }
        if let signedIn = agenda.changedCount() {
            ServiceManager.status(await registry.summary(signedIn: signedIn))
        }
    }
}

/// When each account wants to be woken, and how many are signed in.
private struct Agenda {
    private var dates: [ObjectIdentifier: (account: Account, date: Date)] = [:]
    private var signedIn: Set<ObjectIdentifier> = []
    private var toldCount: Int?

    var next: Date? { dates.values.lazy.map(\.date).min() }

    func due(at now: Date, besides moved: [Account]) -> [Account] {
        let known = Set(moved.map(ObjectIdentifier.init))
        return moved + dates.filter { !known.contains($0.key) && $0.value.date <= now }.values.map(\.account)
    }

    mutating func set(_ account: Account, _ date: Date?, isSignedIn: Bool) {
        let id = ObjectIdentifier(account)
        dates[id] = date.map { (account, $0) }
        if isSignedIn { signedIn.insert(id) } else { signedIn.remove(id) }
    }

    /// How many are signed in, if that is another number than the last time.
    mutating func changedCount() -> Int? {
        guard toldCount != signedIn.count else { return nil }
        toldCount = signedIn.count
        return toldCount
    }
}
