import Auth0
import FoundationEssentials
import Logging
import PosternProtocol

/// The logins there are: at most one live one for each profile, and those that have just ended.
actor LoginSessions {
    private let clock: any AgentClock
    private let log: Logger
    private let environment: [String: String]
    private var sessions: [String: LoginSession] = [:]
    private var starting: [String: Task<Result<LoginSession, AgentError>, Never>] = [:]
    private var budgets: [String: CodeBudget] = [:]

    init(clock: any AgentClock, log: Logger, environment: [String: String]) {
        self.clock = clock
        self.log = log
        self.environment = environment
    }

    /// Begins a login, or joins the profile's live one.
    func start(_ request: StartLogin, account: Account) async throws(AgentError) -> LoginState {
        let profile = await account.profile
        while let first = starting[profile.name] { _ = await first.value }
        // Registered before anything is awaited, so that two callers at once make one login. It goes on if its caller goes away.
        let task = Task {
            defer { starting[profile.name] = nil }
            return await joinOrBegin(request, account: account, profile: profile)
        }
        starting[profile.name] = task
        return try await task.value.get().state
    }

    private func joinOrBegin(
        _ request: StartLogin, account: Account, profile: Profile
    ) async -> Result<LoginSession, AgentError> {
        do throws(AgentError) {
            let live = await live(profile.name)
            let target = try LoginTarget(request, profile: profile, live: live?.target)
            guard let live else { return .success(try await begin(request, target, account, profile)) }
            guard request.restart == true else { return .success(try join(live, target)) }
            // It may have ended by itself just now, which is as good; one that is being saved is not dropped.
            try? await live.cancel()
            guard await live.endedAt != nil else { return .success(live) }
            return .success(try await begin(request, target, account, profile))
        } catch {
            return .failure(error)
        }
    }

    private func begin(
        _ request: StartLogin, _ target: LoginTarget, _ account: Account, _ profile: Profile
    ) async throws(AgentError) -> LoginSession {
        try await account.checkWritable()
        let message = PasswordlessStart(
            connection: target.connection, username: target.username, authParams: profile.authParams,
            language: request.language ?? profile.language ?? localeLanguage,
            forwardedFor: forwardedFor(request, profile: profile))
        let session = LoginSession(
            id: Self.newID(), profile: profile, target: target, account: account, tenant: try await account.tenant(),
            message: message, budget: budget(of: profile.name), clock: clock, log: log)
        try await session.begin()
        await forgetEnded()
        sessions[session.id] = session
        return session
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

    /// The profile's login that waits to be finished.
    func live(_ profile: String) async -> LoginSession? {
        for session in sessions.values where session.profile.name == profile {
            if await session.endedAt == nil { return session }
        }
        return nil
    }

    /// Waits for answers under way, so that the tokens they bring can be saved before the process ends.
    func finish() async {
        await withTaskGroup { group in
            for session in sessions.values {
                group.addTask { await session.finish() }
            }
        }
    }

    private func join(_ session: LoginSession, _ target: LoginTarget) throws(AgentError) -> LoginSession {
        guard session.target == target else {
            throw AgentError(.wrongStep, "Another sign-in of this profile is under way, to \(session.target.masked).") {
                data in
                data.profile = session.profile.name
                data.hint = "Finish or cancel it, or begin anew with restart."
            }
        }
        return session
    }

    private func budget(of profile: String) -> CodeBudget {
        let budget = budgets[profile] ?? CodeBudget(clock: clock)
        budgets[profile] = budget
        return budget
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

    /// 122 random bits: a login's identifier cannot be guessed.
    private static func newID() -> String {
        UUID().uuidString.lowercased()
    }
}
