import Auth0
import FoundationEssentials
import Glibc
import Logging
import PosternProtocol

// One function for each method of the agent: which account or login it is for, and what it answers.

extension Agent {
    func hello(_: Hello) async -> Hello.Response {
        var response = Hello.Response(
            name: "posternd", version: Release.version, protocol: Self.protocolVersions, pid: getpid(),
            startedAt: startedAt.unixTime)
        let session = await desktop.session
        if session.state != .none { response.session = session }
        response.pinentry = await configuration.current.agent.pinentry
        return response
    }

    func status() async -> Result<[UInt8], AgentError> {
        let keyring = await keyring.state(mayStart: false)
        let profiles = await profileStatuses(keyring: keyring)
        return Self.encode(
            GetStatus.Response(
                version: Release.version, startedAt: startedAt.unixTime, locked: false, keyring: keyring,
                configFile: configuration.files.user, configError: await configuration.error?.description,
                profiles: [], counters: counters.snapshot), with: profiles)
    }

    func reload(_: Reload) async throws(AgentError) -> Reload.Response {
        do {
            return Reload.Response(profiles: try await applyConfiguration())
        } catch {
            throw Self.misconfigured(error)
        }
    }

    /// The answer to all who ask for it at once: it names all profiles.
    func reloadForAll() async -> Result<[UInt8], AgentError> {
        do throws(AgentError) {
            return .success(try Methods.encode(try await reload(Reload())))
        } catch {
            return .failure(error)
        }
    }

    func listProfiles() async -> Result<[UInt8], AgentError> {
        let profiles = await profileStatuses(keyring: await keyring.state(mayStart: false))
        return Self.encode(ListProfiles.Response(profiles: []), with: profiles)
    }

    /// The JSON text of each profile's status.
    private func profileStatuses(keyring: KeyringState) async -> [[UInt8]] {
        var statuses: [[UInt8]] = []
        // Of several profiles none need be the default.
        let preset = try? await accounts.account(nil)
        await Reactor.shared.each(of: await accounts.all) { account in
            var status = await account.status(keyring: keyring)
            status.username = await account.profile.username
            status.isDefault = account === preset ? true : nil
            // Strings and numbers alone: cannot fail.
            if let text = try? Methods.encode(status) { statuses.append(text) }
        }
        return statuses
    }

    /// The JSON text of an answer that has no profiles yet, with them: all at once they would take many turns' time to write.
    private static func encode(_ response: some Encodable, with profiles: [[UInt8]]) -> Result<[UInt8], AgentError> {
        do throws(AgentError) {
            var text = try Methods.encode(response)
            // In a string it would have backslashes.
            guard let place = text.firstRange(of: Array(#""profiles":[]"#.utf8)) else { return .success(text) }
            text.insert(contentsOf: Array(profiles.joined(separator: ",".utf8)), at: place.upperBound - 1)
            return .success(text)
        } catch {
            return .failure(error)
        }
    }

    func subscribe(_ request: SubscribeToEvents, _ caller: Subscriber) async throws(AgentError) -> Empty {
        let profile: String? = if let name = request.profile { try await account(name).profile.name } else { nil }
        events.add(caller, profile: profile)
        return Empty()
    }

    func logout(_ request: Logout, _ pid: pid_t?) async throws(AgentError) -> Logout.Response {
        let account = try await account(request.profile)
        let profile = await account.profile.name
        log.notice("A sign-out was asked for.", metadata: ["profile": "\(profile)", "pid": .init(pid: pid)])
        await logins.cancelAll(of: profile)
        return await account.logout(revoke: request.revoke ?? true)
    }

    /// Tells the log and subscribers what a caller has changed.
    func tell(
        _ kind: Event.Kind, _ words: Logger.Message, profile: String, _ pid: pid_t?,
        _ edit: (inout Event) -> Void = { _ in }
    ) {
        events.publish(kind, profile: profile, edit)
        log.notice(words, metadata: ["profile": "\(profile)", "pid": .init(pid: pid)])
    }

    func startLogin(_ request: StartLogin, _ peer: Peer) async throws(AgentError) -> LoginState {
        // Both go into headers of the request to the tenant.
        guard request.language?.unicodeScalars.allSatisfy({ (0x21..<0x7F).contains($0.value) }) ?? true else {
            throw AgentError(.invalidParams, "language may hold printable ASCII characters only, and no spaces.")
        }
        guard request.clientIP.map(Profile.isIPAddress) ?? true else {
            throw AgentError(.invalidParams, "client_ip must be an IP address.")
        }
        let account = try await account(request.profile)
        try await checkServing(account)
        return try await logins.start(request, account: account, by: peer)
    }

    func answerLogin(_ request: AnswerLogin, _ peer: Peer) async throws(AgentError) -> LoginState {
        let answers = [request.code, request.factor, request.recoveryCode, request.enroll?.type].compactMap { $0 }
        guard answers.count == 1 else {
            throw AgentError(.invalidParams, "Give exactly one of code, factor, recovery_code and enroll.")
        }
        let login = try await logins.session(request.loginID)
        try await checkServing(login.account)
        return try await login.answer(request, by: peer)
    }

    func resendCode(_ request: ResendCode) async throws(AgentError) -> LoginState {
        let login = try await logins.session(request.loginID)
        try await checkServing(login.account)
        return try await login.resend()
    }

    func waitForLogin(_ request: WaitForLogin) async throws(AgentError) -> LoginState {
        let timeout = try Self.seconds(request.timeout ?? 30, "timeout")
        return try await logins.session(request.loginID).wait(seen: request.seen, timeout: timeout)
    }

    func cancelLogin(_ request: CancelLogin) async throws(AgentError) -> Empty {
        try await logins.session(request.loginID).cancel()
        return Empty()
    }

    func idToken(_ request: GetIDToken, _ pid: pid_t?) async throws(AgentError) -> GetIDToken.Response {
        let account = try await account(request.profile)
        let wait = await configuration.current.agent.wait
        let token = try await serving(await account.profile, for: wait, isNamed: false) { wait throws(AgentError) in
            try await awaitingUnlock(wait) { wait throws(AgentError) in
                try await answeringSecondFactor(of: account, pid) { account throws(AgentError) in
                    try await account.idToken(wait: wait)
                }
            }
        }
        // While somebody waited the settings may have changed.
        try await checkServing(account)
        guard let claims = IDTokenClaims.json(ofVerified: token),
            let value = try? JSONDecoder().decode(JSONValue.self, from: Data(claims))  // not decodable: said below
        else {
            throw AgentError(.tenantError, "The claims of the tenant's ID token cannot be read.")
        }
        return GetIDToken.Response(idToken: token.revealed, claims: value, profile: await account.profile.name)
    }

    func token(_ request: GetToken, _ pid: pid_t?) async throws(AgentError) -> GetToken.Response {
        let account = try await account(request.profile)
        let profile = await account.profile
        let settings = await configuration.current.agent
        if let audience = request.audience, audience != profile.audience, !profile.audiences.contains(audience) {
            throw AgentError(
                .denied, "Profile \(profile.name) does not declare the audience \"\(TenantText.printable(audience))\"."
            ) {
                data in
                data.profile = profile.name
                data.cause = "audience"
                data.hint = "Add it to audiences of the profile."
            }
        }
        if let scope = request.scope, scope.utf8.count > TenantScope.byteLimit {
            throw AgentError(.invalidParams, "scope is at most \(TenantScope.byteLimit) bytes.")
        }
        if let scope = request.scope, scope.allSatisfy({ $0 == " " }) {
            throw AgentError(.invalidParams, "scope names nothing; leave it out for all that was signed in for.")
        }
        let hash = try request.rejected.map { (hash) throws(AgentError) in try Self.sha256(hash) }
        let ask = Account.Ask(
            key: TokenKey(audience: request.audience, scope: request.scope, of: profile), namedScope: request.scope,
            minTTL: try request.minTTL.map { (ttl) throws(AgentError) in try Self.seconds(ttl, "min_ttl") },
            configuredMinTTL: settings.minTTL, wait: try Self.seconds(request.wait ?? settings.wait, "wait"),
            rejected: hash, force: request.force ?? false)
        let (token, source) = try await token(ask, request, of: account, profile, pid)
        return GetToken.Response(
            accessToken: token.value.revealed, tokenType: "Bearer",
            expiresAt: clock.wallTime(of: Date(unixTime: token.expiresAt)),
            expiresIn: token.secondsLeft(at: clock.now), scope: token.scope,
            audience: request.audience ?? profile.audience, profile: profile.name, from: source)
    }

    private func token(
        _ ask: Account.Ask, _ request: GetToken, of account: Account, _ profile: Profile, _ pid: pid_t?
    ) async throws(AgentError) -> (AccessToken, GetToken.Response.Source) {
        let joinLogin = request.joinLogin ?? false
        // The short way, which most tokens go, is not made longer.
        guard profile.lock == .screen else {
            let answer = try await token(ask, of: account, joinLogin: joinLogin, pid)
            // While somebody waited the settings may have changed.
            if answer.1 != .cache { try await checkServing(account) }
            return answer
        }
        return try await serving(profile, for: ask.wait, isNamed: request.wait != nil) { wait throws(AgentError) in
            try await token(ask.with(wait: wait), of: account, joinLogin: joinLogin, pid)
        }
    }

    private func token(
        _ ask: Account.Ask, of account: Account, joinLogin: Bool, _ pid: pid_t?
    ) async throws(AgentError) -> (AccessToken, GetToken.Response.Source) {
        do {
            return try await awaitingUnlock(ask.wait) { wait throws(AgentError) in
                let ask = ask.with(wait: wait)
                return try await answeringSecondFactor(of: account, pid) { account throws(AgentError) in
                    try await account.token(ask)
                }
            }
        } catch {
            guard joinLogin, error.code == .loginRequired || error.code == .mfaRequired,
                let login = await logins.live(account.profile.name)
            else { throw error }
            let end = clock.now.addingTimeInterval(TimeInterval(ask.wait))
            var state = await login.state
            while !Task.isCancelled, await login.endedAt == nil,
                case let left = end.secondsLeft(at: clock.now),
                left > 0
            {
                state = await login.wait(seen: state.revision, timeout: left)
            }
            guard case .signedIn = state.step else { throw error }
            return (try await account.token(ask).token, .login)
        }
    }

    /// Does what may need the keyring. Where that was locked and somebody is unlocking it, it waits for them and tries once more; so it does at once where
    /// they were done just before it came to wait.
    ///
    /// - Parameters:
    ///   - wait: seconds for all of it.
    ///   - body: is given the seconds that are left.
    private func awaitingUnlock<Value: Sendable>(
        _ wait: Int, _ body: (Int) async throws(AgentError) -> Value
    ) async throws(AgentError) -> Value {
        let end = clock.now + .seconds(wait)
        do {
            return try await body(wait)
        } catch {
            guard error.code == .keyringLocked else { throw error }
            let left = end.duration(since: clock.now)
            let hasEnded = await clock.limit(left) { [pendingUnlocks, keyring] in
                if await pendingUnlocks.ended() { return true }
                return await keyring.state(mayStart: false) == .available
            }
            guard hasEnded == true else { throw error }
            return try await body(end.secondsLeft(at: clock.now))
        }
    }

    /// Does what may need a refresh. Where that asks for a second factor, the error names the login by which it can be answered.
    private func answeringSecondFactor<Value: Sendable>(
        of account: Account, _ pid: pid_t?, _ body: @Sendable (Account) async throws(AgentError) -> Value
    ) async throws(AgentError) -> Value {
        while true {
            do {
                return try await body(account)
            } catch {
                guard error.code == .mfaRequired else { throw error }
                var error = error
                do throws(AgentError) {
                    error.data.login = try await logins.secondFactor(of: account, by: pid)
                } catch let failure {
                    // If the tenant will not have its own mfa_token, signing in anew is what is left.
                    throw failure.code == .codeExpired ? error : failure
                }
                // Without a login: one has ended just now, so there may be a token, or another demand.
                guard error.data.login == nil else { throw error }
            }
        }
    }

    /// A number of seconds; a year is as good as any longer time.
    static func seconds(_ value: Int, _ name: String) throws(AgentError) -> Int {
        guard value >= 0 else {
            throw AgentError(.invalidParams, "\(name) is a number of seconds, not below zero.")
        }
        return min(value, 31_536_000)
    }

    private static func sha256(_ text: String) throws(AgentError) -> String {
        guard text.utf8.count == 64, text.allSatisfy({ $0.isHexDigit && !$0.isUppercase }) else {
            throw AgentError(.invalidParams, "rejected is the lower-case hexadecimal SHA-256 of the refused token.")
        }
        return text
    }
}
