import FoundationEssentials
import PosternProtocol

// What suspend and the network mean for refreshes. An answer that arrives while the machine sleeps is lost, and with it a rotated refresh token.

extension Account {
    /// Seconds awake after which a sleep that was announced and is not heard of any more was called off. Time asleep does not count: the resume is
    /// announced some time after the clocks go on, and between suspend and hibernation a machine is awake for a moment without any announcement.
    static let sleepLimit = 30.0
    /// No attempt sooner after the last one, however many are impatient, and in however many steps a network comes back.
    static let attemptGap = Duration.seconds(5)

    /// The machine is about to be suspended: no refresh is begun, whoever waits for one.
    var isAsleep: Bool { asleepFor > 0 }

    /// Seconds awake for which it is still taken to be asleep.
    var asleepFor: Double { max(asleepUntil - parts.clock.awake, 0) }

    /// Begins no refresh from now on, and returns when the one under way, or a proof in its place, has ended its attempt and is saved.
    func prepareForSleep() async {
        asleepUntil = parts.clock.awake + Self.sleepLimit
        parts.deadlines.moved(of: self)
        flight?.nudge.nudge()
        await flight?.task.value
        _ = await proving?.task.value
        await save()
        // An answer in doubt is asked for again at the resume: the tenant's overlap may be short.
        if isInDoubt { aheadNotBefore = .distantPast }
    }

    /// - Parameter delay: how long a refresh ahead that has become due is put off, so that not all accounts come at once. Whoever asks for a token does
    ///   not wait for it.
    func resume(after delay: Duration) {
        asleepUntil = 0
        if !waiters.isEmpty { refreshNow() }
        networkChanged()
        guard !isInDoubt else { return }
        resumeNotBefore = now + delay
        aheadNotBefore = max(aheadNotBefore, resumeNotBefore)
    }

    /// If the tenant could not be reached before, it may be now.
    func networkChanged() {
        guard [refreshError, attemptError].contains(where: { $0?.meansUnreachable == true }) else { return }
        aheadNotBefore = max(min(aheadNotBefore, lastAttempt + Self.attemptGap), resumeNotBefore)
        flight?.nudge.nudge()
    }

    /// When the attempt after a pause that was cut short may be made.
    func pauseEnd(cutShort end: Date) -> Date {
        min(end, lastAttempt + Self.attemptGap)
    }
}

extension AgentError {
    /// Whether nothing was heard of the tenant. One that answers, be it with a failure, is not to be hurried by changes of the network.
    fileprivate var meansUnreachable: Bool { code == .offline && data.cause != "server_error" }
}
