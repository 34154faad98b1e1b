import Auth0
import FoundationEssentials
import Logging
import PosternProtocol

/// The logins there are: for each profile at most one live one that signs in, at most one that manages factors, and those that have just ended.
actor LoginSessions {
    /// What is the same for all logins.
    struct Parts: Sendable {
        let clock: any AgentClock
        let log: Logger
    }

    private let parts: Parts
    private let environment: [String: String]
    private var sessions: [String: LoginSession] = [:]
    /// Waits for a login of this profile that is about to begin.
    private var starting: [String: @Sendable () async -> Void] = [:]
    private var budgets: [String: CodeBudget] = [:]

    init(clock: any AgentClock, log: Logger, environment: [String: String]) {
        parts = Parts(clock: clock, log: log)
        self.environment = environment
    }

    /// Begins a login, or joins the profile's live one.
    func start(_ request: StartLogin, account: Account) async throws(AgentError) -> LoginState {
        try await oneAtATime(account) { sessions, profile throws(AgentError) in
            let live = await sessions.live(profile.name)
            if let live {
                guard request.restart == true else { return try await sessions.join(live, request, account, profile) }
                // It may have ended by itself just now, which is as good; one that is being saved is not dropped.
                try? await live.cancel()
                guard await live.endedAt != nil else { return await live.state }
            }
            let target = try LoginTarget(request, profile: profile, live: live?.passwordless?.target)
            try await account.checkWritable()
            return try await sessions.begin(.signIn, target, request, account, profile)
        }
    }

    /// The login that answers a refresh's demand for a second factor: the profile's live one, or a new one, however many ask for it.
    ///
    /// - Returns: nil if the demand has been answered or dropped meanwhile.
    func secondFactor(of account: Account) async throws(AgentError) -> LoginState? {
        try await oneAtATime(account) { sessions, profile throws(AgentError) in
            if let live = await sessions.live(profile.name) { return await live.state }
            guard let demand = await account.claimDemand() else { return nil }
            let session = await sessions.make(
                .refresh(demand.id), nil, account, profile, try await sessions.tenant(of: account, for: demand.id))
            try await session.begin(demand)
            return await sessions.add(session)
        }
    }

    /// A sign-in for the management of the person's factors: the live one, or a new one.
    func startManagement(account: Account) async throws(AgentError) -> LoginState {
        let person = try await account.signedInPerson()
        return try await oneAtATime(account) { sessions, profile throws(AgentError) in
            if let live = await sessions.live(profile.name, managingFactors: true) { return await live.state }
            var request = StartLogin(profile: profile.name)
            // The code must reach whoever is signed in, whom the profile need not name.
            let isPhone = profile.connection == "sms" || person.email == nil
            request.username = profile.username ?? (isPhone ? person.phoneNumber : person.email)
            let target = try LoginTarget(request, profile: profile, live: nil)
            return try await sessions.begin(.manageFactors(of: person.sub), target, request, account, profile)
        }
    }

    /// Begins to set up a factor, in the place of another that is being set up.
    func enroll(
        _ enrollment: AnswerLogin.Enrollment, _ access: Account.FactorAccess, account: Account
    ) async throws(AgentError) -> LoginState {
        try await oneAtATime(account) { sessions, profile throws(AgentError) in
            // It may have ended by itself just now, which is as good.
            try? await sessions.live(profile.name, managingFactors: true)?.cancel()
            let session = await sessions.make(
                .manageFactors(of: access.sub), nil, account, profile, try await account.tenant())
            let state = try await session.begin(enrolling: enrollment, access)
            _ = await sessions.add(session)
            return state
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

    /// The profile's login that waits to be finished: the one that signs in, or the one that manages factors.
    func live(_ profile: String, managingFactors: Bool = false) async -> LoginSession? {
        for session in sessions.values
        where session.profile.name == profile && session.managesFactors == managingFactors {
            if await session.endedAt == nil, await session.isWanted { return session }
        }
        return nil
    }

    /// Ends the profile's live logins, whatever they are for.
    func cancelAll(of profile: String) async {
        for session in sessions.values where session.profile.name == profile {
            // It may have ended by itself just now, which is as good.
            try? await session.cancel()
        }
    }

    /// Waits for answers under way, so that the tokens they bring can be saved before the process ends.
    func finish() async {
        await withTaskGroup { group in
            for session in sessions.values {
                group.addTask { await session.finish() }
            }
        }
    }
}

// MARK: - Beginning and joining

extension LoginSessions {
    /// Registered before anything is awaited, so that two callers at once make one login. It goes on if its caller goes away.
    private func oneAtATime<State: Sendable>(
        _ account: Account, _ begin: @escaping @Sendable (LoginSessions, Profile) async throws(AgentError) -> State
    ) async throws(AgentError) -> State {
        let profile = await account.profile
        while let first = starting[profile.name] { await first() }
        let task = Task { () -> Result<State, AgentError> in
            defer { starting[profile.name] = nil }
            do throws(AgentError) {
                return .success(try await begin(self, profile))
            } catch {
                return .failure(error)
            }
        }
        starting[profile.name] = { _ = await task.value }
        return try await task.value.get()
    }

    private func begin(
        _ purpose: LoginSession.Purpose, _ target: LoginTarget, _ request: StartLogin, _ account: Account,
        _ profile: Profile
    ) async throws(AgentError) -> LoginState {
        let tenant = try await account.tenant()
        let message = PasswordlessStart(
            connection: target.connection, username: target.username, authParams: profile.authParams,
            language: request.language ?? profile.language ?? localeLanguage,
            forwardedFor: forwardedFor(request, profile: profile))
        let passwordless =
            switch purpose {
            case .manageFactors:
                LoginSession.Passwordless(
                    target: target, message: message,
                    scope: (["openid"] + AuthenticationAPI.mfaScopes).joined(separator: " "),
                    audience: tenant.api.mfaAudience)
            case .signIn, .refresh:
                LoginSession.Passwordless(
                    target: target, message: message, scope: profile.scope, audience: profile.audience)
            }
        let session = make(purpose, passwordless, account, profile, tenant)
        try await session.begin(passwordless)
        return await add(session)
    }

    private func make(
        _ purpose: LoginSession.Purpose, _ passwordless: LoginSession.Passwordless?, _ account: Account,
        _ profile: Profile, _ tenant: Tenant
    ) -> LoginSession {
        LoginSession(
            purpose, passwordless, account: account, profile: profile, tenant: tenant, budget: budget(of: profile.name),
            parts: parts)
    }

    private func add(_ session: LoginSession) async -> LoginState {
        await forgetEnded()
        sessions[session.id] = session
        return await session.state
    }

    /// - Throws: why there is none; the demand is dropped then, so that the next caller meets the same reason and not a login that nobody has.
    private func tenant(of account: Account, for demand: Account.Demand.ID) async throws(AgentError) -> Tenant {
        do {
            return try await account.tenant()
        } catch {
            await account.drop(demand)
            throw error
        }
    }

    /// - Throws: 1013 if the request is about somebody else.
    private func join(
        _ session: LoginSession, _ request: StartLogin, _ account: Account, _ profile: Profile
    ) async throws(AgentError) -> LoginState {
        if let target = session.passwordless?.target {
            guard try LoginTarget(request, profile: profile, live: target) == target else {
                throw .otherLogin(of: profile.name, "to \(target.masked)")
            }
        } else if let username = request.username?.trimmed {
            // Born of a refresh, it is about whoever is signed in.
            let person = try await account.signedInPerson()
            guard [person.email, person.phoneNumber].contains(username) else {
                throw .otherLogin(of: profile.name, "of the person who is signed in")
            }
        }
        return await session.state
    }

    private func budget(of profile: String) -> CodeBudget {
        let budget = budgets[profile] ?? CodeBudget(clock: parts.clock)
        budgets[profile] = budget
        return budget
    }

    private func forgetEnded() async {
        for (id, session) in sessions {
            if let end = await session.endedAt,
                parts.clock.now.timeIntervalSince(end) > TimeInterval(LoginSession.afterlife)
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
}

extension AgentError {
    fileprivate static func otherLogin(of profile: String, _ whose: String) -> AgentError {
        AgentError(.wrongStep, "Another sign-in of this profile is under way, \(whose).") { data in
            data.profile = profile
            data.hint = "Finish or cancel it, or begin anew with restart."
        }
    }
}
