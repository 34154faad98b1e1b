import FoundationEssentials
import PosternProtocol

/// The person's desktop session, for all who have to know of it.
actor Desktop {
    /// How long is waited, after the start, for what there is to know: nothing is served that may have ended, or while the screen may be locked.
    private static let patience = Duration.seconds(5)

    private let clock: any AgentClock
    private let events: EventHub
    private var state = DesktopState()
    /// Whether anybody is served by whether the screen is locked (`lock = screen`).
    private var isLockFollowed = false
    /// When the person's last session ended that there was.
    private var lastEnd = Date.distantPast
    /// How many sleeps were announced.
    private var sleeps = 0
    /// What subscribers know.
    private var isToldServing = true
    private var waiters: [Int: AsyncStream<Never>.Continuation] = [:]
    private var waiterCount = 0

    nonisolated var unownedExecutor: UnownedSerialExecutor { Reactor.shared.asUnownedSerialExecutor() }

    init(clock: any AgentClock, events: EventHub) {
        self.clock = clock
        self.events = events
    }

    /// How the session stands now.
    var session: DesktopSession { state.session(at: clock.now) }

    /// Whether profiles with `lock = screen` serve anything.
    var isServing: Bool { session.state == .active }

    /// What somebody has signed in in, if they do now.
    var mark: SessionMark {
        let mark = SessionMark(id: state.sessions?.display ?? "", boot: clock.boot.id)
        // A record with one that is not sound could not be read again.
        return mark.isSound ? mark : SessionMark(id: "", boot: clock.boot.id)
    }

    func follow(lock: Bool) {
        isLockFollowed = lock
        wakeWaiters()
    }

    /// - Returns: whether the person's last session has ended by it.
    @discardableResult
    func take(_ news: DesktopState.News) -> Bool {
        let old = (session, state.areSessionsKnown, state.isScreenSaverKnown)
        let hadSessions = state.lastSessions?.open.isEmpty == false
        state.take(news)
        switch news {
        case .goingToSleep:
            sleeps += 1
            Task { [sleeps] in await callOff(sleeps) }
        case .resumed:
            Task {
                try? await clock.sleep(for: DesktopState.wakingTime)  // never cancelled
                take(.later)
            }
        default: break
        }
        tellChange()
        if (session, state.areSessionsKnown, state.isScreenSaverKnown) != old || news == .later { wakeWaiters() }
        guard hadSessions, state.sessions?.open.isEmpty == true else { return false }
        lastEnd = clock.now
        return true
    }

    /// A sleep that was announced and is not heard of any more was called off, after as long a time awake as for refreshes.
    private func callOff(_ sleep: Int) async {
        let end = clock.awake + Account.sleepLimit
        // Another one has its own time.
        while state.isAsleep, sleep == sleeps {
            let left = end - clock.awake
            guard left > 0 else { return _ = take(.resumed(at: clock.now)) }
            try? await clock.sleep(for: .seconds(left))  // never cancelled
        }
    }

    private func tellChange() {
        guard isLockFollowed, state.areSessionsKnown, isServing != isToldServing else { return }
        isToldServing = isServing
        events.publish(isServing ? .unlocked : .locked) { $0.cause = "screen" }
    }

    private func wakeWaiters() {
        for waiter in waiters.values { waiter.finish() }
        waiters = [:]
    }

    /// Returns when this holds, or the task is cancelled.
    private func wait(until holds: (isolated Desktop) -> Bool) async {
        while !Task.isCancelled, !holds(self) {
            // Nothing is awaited between the look and this, so that no change is missed.
            let (end, waiter) = AsyncStream.makeStream(of: Never.self)
            waiterCount += 1
            let id = waiterCount
            waiters[id] = waiter
            defer { waiters[id] = nil }
            for await _ in end {}
        }
    }

    /// Returns when profiles with `lock = screen` serve something, or do not any more, or the task is cancelled.
    func served(_ isServed: Bool) async {
        await wait { $0.isServing == isServed }
    }

    /// Returns when a screen saver is of interest to somebody, or the task is cancelled.
    func screenSaverFollowed() async {
        await wait { $0.isLockFollowed }
    }

    /// Whether the session has ended that somebody signed in in.
    ///
    /// - Parameter signedInAt: when they did, Unix time: without a session of its own it lasts as long as any.
    func hasEnded(_ mark: SessionMark, since signedInAt: Int) async -> Bool {
        if mark.id.isEmpty, signedInAt < lastEnd.unixTime { return true }
        if !mark.id.isEmpty, !state.areSessionsKnown {
            await clock.limit(Self.patience) { await self.known { $0.areSessionsKnown } }
        }
        return state.hasEnded(mark, boot: clock.boot.id)
    }

    /// Returns when it is known whether the screen is locked, or that nobody says so.
    func lockKnown() async {
        guard !state.areSessionsKnown || !state.isScreenSaverKnown else { return }
        await clock.limit(Self.patience) { await self.known { $0.areSessionsKnown && $0.isScreenSaverKnown } }
    }

    private func known(_ isKnown: @Sendable (DesktopState) -> Bool) async {
        await wait { isKnown($0.state) }
    }
}
