import FoundationEssentials
import PosternProtocol

// With `lock = screen` nothing is served while the person's screen is locked; with `persist = session` a sign-in ends with their session.

extension Agent {
    /// Takes what was told of the desktop, and has the sign-ins end whose session is over.
    func desktopChanged(_ news: DesktopState.News) async {
        let display = await desktop.session.id
        let wasLast = await desktop.take(news)
        // What the person is needed for at the start of a session is told together.
        if case let new = await desktop.session.id, !new.isEmpty, new != display { parts.notices.gather(at: clock.now) }
        guard case .sessions = news else { return }
        await accounts.sessionsChanged(wasLast: wasLast)
    }

    /// Does what serves a profile, in `patience` seconds at most. While the screen is locked it waits for the unlock if the caller named its patience; else
    /// the caller is refused, also in the midst of it.
    ///
    /// - Parameters:
    ///   - isNamed: whether the caller said how long to wait.
    ///   - body: is given the seconds that are left.
    func serving<Value: Sendable>(
        _ profile: Profile, for patience: Int, isNamed: Bool,
        _ body: @escaping @Sendable (Int) async throws(AgentError) -> Value
    ) async throws(AgentError) -> Value {
        guard profile.lock == .screen else { return try await body(patience) }
        let end = clock.now + .seconds(patience)
        await desktop.lockKnown()
        while true {
            let left = end.secondsLeft(at: clock.now)
            if await !desktop.isServing {
                guard isNamed, left > 0 else { throw await screenLocked(profile.name) }
                await clock.limit(.seconds(left)) { [desktop] in await desktop.served(true) }
                guard !Task.isCancelled, await desktop.isServing else { throw await screenLocked(profile.name) }
            }
            let result = await unlessLocked(isLost: !isNamed) {
                await Self.result { () async throws(AgentError) in try await body(end.secondsLeft(at: clock.now)) }
            }
            if let result, await desktop.isServing { return try result.get() }
            guard isNamed else { throw await screenLocked(profile.name) }
        }
    }

    /// - Throws: 1003 if the profile serves nothing now.
    func checkServing(_ account: Account) async throws(AgentError) {
        let profile = await account.profile
        guard profile.lock == .screen else { return }
        await desktop.lockKnown()
        guard await !desktop.isServing else { return }
        throw await screenLocked(profile.name)
    }

    /// What `body` returns; nil if the screen was locked before. It is cancelled then, and not waited for.
    private func unlessLocked<Value: Sendable>(
        isLost: Bool, _ body: @escaping @Sendable () async -> Value
    ) async -> Value? {
        guard isLost else { return await body() }
        let (ends, end) = AsyncStream.makeStream(of: Value?.self)
        let work = Task { end.yield(await body()) }
        let watch = Task { [desktop] in
            await desktop.served(false)
            end.yield(nil)
        }
        defer {
            work.cancel()
            watch.cancel()
        }
        for await first in ends { return first }
        return nil
    }

    private static func result<Value>(
        _ body: () async throws(AgentError) -> Value
    ) async -> Result<Value, AgentError> {
        do throws(AgentError) {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }

    private func screenLocked(_ profile: String) async -> AgentError {
        let isLocked = await desktop.session.state == .locked
        return AgentError(
            .agentLocked,
            isLocked
                ? "The screen is locked, and profile \(profile) serves nothing until it is unlocked."
                : "There is no desktop session, and profile \(profile) serves nothing without one."
        ) { data in
            data.profile = profile
            data.cause = "screen"
            data.retryable = true
            data.hint =
                isLocked
                ? "Unlock the screen, or wait for that by --wait. Where the desktop does not say so: loginctl unlock-session."
                : "Log in on the desktop, or set lock = never in the profile."
        }
    }
}
