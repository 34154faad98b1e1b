import Auth0
import FoundationEssentials
import Logging
import PosternProtocol

/// The logins there are: at most one live one for each profile, and those that have just ended.
actor LoginSessions {
    /// A profile's codes are sent at most this often.
    static let startLimit = 20
    /// Seconds in which ``startLimit`` counts.
    static let startWindow = 600

    private let clock: any AgentClock
    private let log: Logger
    private let environment: [String: String]
    private var sessions: [String: LoginSession] = [:]
    private var starting: [String: Task<Result<LoginSession, AgentError>, Never>] = [:]
    private var starts: [String: [Date]] = [:]

    init(clock: any AgentClock, log: Logger, environment: [String: String]) {
        self.clock = clock
        self.log = log
        self.environment = environment
    }

    /// Begins a login, or joins the profile's live one.
    func start(_ request: StartLogin, account: Account) async throws(AgentError) -> LoginState {
        let profile = await account.profile
        let target = try LoginTarget(request, profile: profile)
        while let first = starting[profile.name] { _ = await first.value }
        if let live = await live(profile.name) {
            guard request.restart == true else { return try await join(live, target) }
            // It may have ended by itself just now, which is as good.
            try? await live.cancel()
        }
        // Registered before anything else is awaited, so that two callers at once make one login. It goes on if its caller goes away.
        let task = Task {
            defer { starting[profile.name] = nil }
            return await begin(request, target: target, account: account, profile: profile)
        }
        starting[profile.name] = task
        return try await task.value.get().state
    }

    private func begin(
        _ request: StartLogin, target: LoginTarget, account: Account, profile: Profile
    ) async -> Result<LoginSession, AgentError> {
        do throws(AgentError) {
            try countStart(of: profile.name)
            try await account.checkWritable()
            let message = PasswordlessStart(
                connection: target.connection, username: target.username, authParams: profile.authParams,
                language: request.language ?? profile.language ?? localeLanguage,
                forwardedFor: forwardedFor(request, profile: profile))
            let session = LoginSession(
                id: Self.newID(), profile: profile, target: target, account: account,
                tenant: try await account.tenant(),
                message: message, clock: clock, log: log)
            try await session.begin()
            await forgetEnded()
            sessions[session.id] = session
            return .success(session)
        } catch {
            return .failure(error)
        }
    }

    /// - Throws: 1012 for a login that is unknown or ended a while ago.
    func session(_ id: String) async throws(AgentError) -> LoginSession {
        await forgetEnded()
        guard let session = sessions[id] else {
            throw AgentError(.loginNotFound, "There is no such sign-in, or it is over.") { data in
                data.hint = "Begin one by 'postern login'."
            }
        }
        return session
    }

    /// Has a login's code sent again, within the same limit as the first.
    func resend(_ id: String) async throws(AgentError) -> LoginState {
        let session = try await session(id)
        try countStart(of: session.profile.name)
        return try await session.resend()
    }

    /// The profile's login that waits to be finished.
    func live(_ profile: String) async -> LoginSession? {
        for session in sessions.values where session.profile.name == profile {
            if await session.endedAt == nil { return session }
        }
        return nil
    }

    private func join(_ session: LoginSession, _ target: LoginTarget) async throws(AgentError) -> LoginState {
        guard session.target == target else {
            throw AgentError(.wrongStep, "Another sign-in of this profile is under way, to \(session.target.masked).") {
                data in
                data.profile = session.profile.name
                data.hint = "Finish or cancel it, or begin anew with restart."
            }
        }
        return await session.state
    }

    private func countStart(of profile: String) throws(AgentError) {
        let now = clock.now
        let recent = (starts[profile] ?? []).filter { now.timeIntervalSince($0) < TimeInterval(Self.startWindow) }
        starts[profile] = recent + [now]
        guard recent.count >= Self.startLimit, let first = recent.first else { return }
        starts[profile] = recent
        let wait = Self.startWindow - Int(now.timeIntervalSince(first))
        throw AgentError(.rateLimited, "Too many codes were asked for. Another can be sent in \(wait) seconds.") {
            data in
            data.profile = profile
            data.retryAfter = wait
        }
    }

    private func forgetEnded() async {
        for (id, session) in sessions {
            if let end = await session.endedAt, clock.now.timeIntervalSince(end) > TimeInterval(LoginSession.afterlife)
            {
                sessions[id] = nil
            }
        }
    }

    private func forwardedFor(_ request: StartLogin, profile: Profile) -> String? {
        switch profile.forwardedFor {
        case .off: nil
        case .ssh: request.clientIP
        case .address(let address): address
        }
    }

    /// The language of the agent's own locale, such as `de-DE`, if it has one.
    private var localeLanguage: String? {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].lazy.compactMap { self.environment[$0] }.first { !$0.isEmpty }
        guard let name = locale?.prefix(while: { $0 != "." && $0 != "@" }), name != "C", name != "POSIX" else {
            return nil
        }
        return String(name).replacing("_", with: "-")
    }

    /// 128 random bits: a login's identifier cannot be guessed.
    private static func newID() -> String {
        UUID().uuidString.lowercased()
    }
}
