import Auth0
import FoundationEssentials
import Glibc
import Logging
import PosternProtocol

/// The logins there are: for each profile at most one live one that signs in, for each caller one that lets factors be
/// managed and one that sets up a factor,
/// and those that have just ended.
actor LoginSessions {
    /// What is the same for all logins.
    struct Parts: Sendable {
        let clock: any AgentClock
        let log: Logger
        let events: EventHub
        let budget: CodeBudget
        let desktop: Desktop
    }

    private let parts: Parts
    private let environment: [String: String]
    private var sessions: [String: LoginSession] = [:]
    /// Waits for a login of this profile that is about to begin.
    private var starting: [String: @Sendable () async -> Void] = [:]

    init(
        clock: any AgentClock, log: Logger, events: EventHub, desktop: Desktop, environment: [String: String]
    ) {
        parts = Parts(clock: clock, log: log, events: events, budget: CodeBudget(clock: clock), desktop: desktop)
        self.environment = environment
    }

    /// Begins a login, or joins the profile's live one.
    func start(_ request: StartLogin, account: Account, by peer: Peer) async throws(AgentError) -> LoginState {
        try await oneAtATime(account) { sessions, profile throws(AgentError) in
            try LoginTarget.checkAddress(of: request, profile: profile)
            let live = await sessions.live(profile.name)
            if let live {
                // One that was begun for an address which is configured no more can sign nobody in.
                let isInVain = live.passwordless?.target.isAllowed(by: profile) == false
                guard request.restart == true || isInVain else {
                    return try await sessions.join(live, request, account, profile)
                }
                // It may have ended by itself just now, which is as good; one that is being saved is not dropped.
                try? await live.cancel()
                guard await live.endedAt != nil else { return await live.state }
            }
            let target = try LoginTarget(request, profile: profile, live: live?.passwordless?.target)
            try await account.checkWritable()
            return try await sessions.begin(.signIn, target, request, account, profile, by: peer.pid)
        }
    }

    /// The login that answers a refresh's demand for a second factor: the profile's live one, or a new one, however many ask for it.
    ///
    /// - Parameter pid: who asks for it first.
    /// - Returns: nil if the demand has been answered or dropped meanwhile.
    func secondFactor(of account: Account, by pid: pid_t?) async throws(AgentError) -> LoginState? {
        try await oneAtATime(account) { sessions, profile throws(AgentError) in
            if let live = await sessions.live(profile.name) { return await live.state }
            guard let demand = await account.claimDemand() else { return nil }
            let tenant = try await sessions.tenant(of: account, for: demand.id)
            // Somebody is signed in whose tokens are to be refreshed; if that is over, so is the demand.
            let person = try await account.signedInPerson()
            let session = await sessions.make(
                .refresh(demand.id), nil, to: .init(sub: person.sub, of: profile), account, profile, tenant)
            try await session.begin(demand)
            session.announce(by: pid)
            return await sessions.add(session)
        }
    }

    /// A sign-in for the management of the person's factors: the live one of this caller or of another whom its proof would serve, or a new one. Nobody
    /// else learns its identifier, by which a factor could be chosen in their place.
    func startManagement(account: Account, by peer: Peer) async throws(AgentError) -> LoginState {
        let person = try await account.signedInPerson()
        return try await oneAtATime(account) { sessions, profile throws(AgentError) in
            if let live = await sessions.live(profile.name, .manageFactors, begunBy: peer) { return await live.state }
            var request = StartLogin(profile: profile.name)
            // The code must reach whoever is signed in, whom the profile need not name.
            let isPhone = profile.connection == "sms" || person.email == nil
            request.username = profile.username ?? (isPhone ? person.phoneNumber : person.email)
            let target = try LoginTarget(request, profile: profile, live: nil)
            return try await sessions.begin(
                .manageFactors(of: person.sub, begunBy: peer), target, request, account, profile, by: peer.pid)
        }
    }

    /// Begins to set up a factor, in the place of another that the same caller is setting up. What others set up is none of its business.
    func enroll(
        _ enrollment: AnswerLogin.Enrollment, _ access: Account.FactorAccess, account: Account, by peer: Peer
    ) async throws(AgentError) -> LoginState {
        try await oneAtATime(account) { sessions, profile throws(AgentError) in
            // They may have ended by themselves just now, which is as good.
            for other in await sessions.enrollments(of: profile.name, by: access.peer) { try? await other.cancel() }
            let session = await sessions.make(
                .enroll(access), nil, to: access.recipient, account, profile, try await account.tenant())
            let state = try await session.begin(enrolling: enrollment, access, by: peer)
            // Whoever signed out while the tenant was asked sets up nothing.
            do throws(AgentError) {
                _ = try await account.signedInPerson()
                guard await account.factorAccess(of: peer) != nil else { throw .loginNotFound(profile: profile.name) }
            } catch {
                try? await session.cancel()  // it has just begun
                throw error
            }
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

    /// The profile's login that waits to be finished: the one that signs in, or one that lets factors be managed.
    ///
    /// - Parameter peer: who must have begun it, or be served by whoever has; nil is anybody.
    func live(
        _ profile: String, _ role: LoginSession.Role = .signIn, begunBy peer: Peer? = nil
    ) async -> LoginSession? {
        for session in sessions.values where session.profile.name == profile && session.role == role {
            if let peer, case .manageFactors(_, let beginner) = session.purpose, !peer.isServed(byProofOf: beginner) {
                continue
            }
            if await session.endedAt == nil, await session.isWanted { return session }
        }
        return nil
    }

    /// What whoever this access serves is setting up.
    private func enrollments(of profile: String, by peer: Peer) -> [LoginSession] {
        sessions.values.filter { session in
            guard session.profile.name == profile, case .enroll(let access) = session.purpose else { return false }
            return peer.isServed(byProofOf: access.peer)
        }
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
        _ profile: Profile, by pid: pid_t?
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
            case .signIn, .refresh, .enroll:
                LoginSession.Passwordless(
                    target: target, message: message, scope: profile.scope, audience: profile.audience)
            }
        let recipient = CodeBudget.Recipient(target.username, of: profile)
        let session = await make(purpose, passwordless, to: recipient, account, profile, tenant)
        let isSignIn = if case .signIn = purpose { true } else { false }
        if isSignIn { await account.login(session.id, isUnderWay: true) }
        do {
            try await session.begin(passwordless)
        } catch {
            if isSignIn { await account.login(session.id, isUnderWay: false) }
            throw error
        }
        session.announce(by: pid)
        return await add(session)
    }

    private func make(
        _ purpose: LoginSession.Purpose, _ passwordless: LoginSession.Passwordless?,
        to recipient: CodeBudget.Recipient, _ account: Account, _ profile: Profile, _ tenant: Tenant
    ) async -> LoginSession {
        LoginSession(
            purpose, passwordless, to: recipient, account: account, profile: profile, tenant: tenant,
            mark: await parts.desktop.mark, parts: parts)
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
            guard
                [person.email, person.phoneNumber].compactMap(\.self).map(SignInAddress.init)
                    .contains(SignInAddress(username))
            else {
                throw .otherLogin(of: profile.name, "of the person who is signed in")
            }
        }
        return await session.state
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
