import Auth0
import FoundationEssentials
import Logging
import PosternProtocol

/// One sign-in, from the code that is sent to the tokens that are saved. Taking a step leaves ``Stage/working``, so a second answer is refused.
actor LoginSession {
    enum Stage {
        /// The first code is being sent.
        case starting
        /// The step waits for an answer.
        case waiting(LoginStep)
        /// An answer to the step is being worked on.
        case working(LoginStep)
        /// The person is who they say, and the tokens are being saved: too late to cancel.
        case saving(LoginStep)
        /// Signed in or failed, since then. It can still be read for a minute.
        case ended(LoginStep, at: Date)
    }

    /// A call that takes the step.
    private enum Call {
        case answer(AnswerLogin)
        case resend
    }

    /// How long a person has for the whole sign-in, seconds.
    static let timeLimit = 600
    /// Auth0's default lifetime of a one-time code, seconds; the tenant decides.
    static let codeLifetime = 180
    /// Seconds before another code may be asked for.
    static let resendInterval = 30
    /// Seconds for which an ended login can be read.
    static let afterlife = 60

    nonisolated let id: String
    nonisolated let profile: Profile
    nonisolated let target: LoginTarget

    private let account: Account
    private let tenant: Tenant
    private let message: PasswordlessStart
    private let budget: CodeBudget
    private let clock: any AgentClock
    private let log: Logger

    private let expiresAt: Date
    private var stage = Stage.starting
    private var revision = 0
    private var watchers: [Int: CheckedContinuation<Void, Never>] = [:]
    private var watcherCount = 0
    private var expiry: Task<Void, Never>?
    /// The last answer, which is carried out even if its caller goes away.
    private var work: Task<Result<LoginState, AgentError>, Never>?

    init(
        id: String, profile: Profile, target: LoginTarget, account: Account, tenant: Tenant, message: PasswordlessStart,
        budget: CodeBudget, clock: any AgentClock, log: Logger
    ) {
        self.id = id
        self.profile = profile
        self.target = target
        self.account = account
        self.tenant = tenant
        self.message = message
        self.budget = budget
        self.clock = clock
        self.log = log
        expiresAt = clock.now.addingTimeInterval(TimeInterval(Self.timeLimit))
    }

    var state: LoginState {
        let step: LoginStep =
            switch stage {
            case .starting: .code(codeStep())
            case .waiting(let step), .working(let step), .saving(let step), .ended(let step, _): step
            }
        return LoginState(
            loginID: id, profile: profile.name, revision: revision, expiresAt: expiresAt.unixTime, step: step)
    }

    var endedAt: Date? {
        if case .ended(_, let date) = stage { date } else { nil }
    }

    /// Has the first code sent.
    ///
    /// - Throws: why not; the login is over then.
    func begin() async throws(AgentError) {
        do throws(Auth0Error) {
            // Both are fetched before a code is spent: the right tenant, and the keys that its ID token will be checked with.
            _ = try await tenant.api.discover()
            try await tenant.verifier.prepare()
        } catch {
            throw endedBy(AgentError(error, profile: profile.name))
        }
        do throws(AgentError) {
            try await send()
        } catch {
            throw endedBy(error)
        }
        move(to: .waiting(.code(codeStep())))
        expiry = Task {
            // Cancelled when the login ends before its time.
            guard (try? await clock.sleep(for: .seconds(Self.timeLimit))) != nil else { return }
            if case .saving = stage { return }
            end(
                .failed(
                    AgentError(.timeout, "The sign-in was not finished within \(Self.timeLimit / 60) minutes.") {
                        data in
                        data.retryable = false
                        data.hint = "Sign in again."
                    }))
        }
    }

    func answer(_ answer: AnswerLogin) async throws(AgentError) -> LoginState {
        let step = try take()
        return try await carryOut(.answer(answer), at: step)
    }

    private func answer(_ answer: AnswerLogin, to step: LoginStep) async throws(AgentError) -> LoginState {
        guard case .code = step, let typed = answer.code else {
            stage = .waiting(step)
            throw AgentError(.wrongStep, "The sign-in waits for a code.") { data in data.profile = profile.name }
        }
        // People copy codes with the spaces and hyphens that messages print for reading.
        let code = typed.filter { !$0.isWhitespace && $0 != "-" }
        guard !code.isEmpty else {
            stage = .waiting(step)
            throw AgentError(.invalidParams, "The code is empty.") { data in data.profile = profile.name }
        }
        let sentAt = clock.now
        let response: TokenResponse
        do {
            response = try await tenant.api.exchangeCode(
                Secret(code), username: target.username, connection: target.connection, scope: profile.scope,
                audience: profile.audience)
        } catch {
            if case .malformedTokens(let refreshToken?) = error.kind { await account.revoke(refreshToken) }
            throw fail(AgentError(error, profile: profile.name), at: step)
        }
        return try await finish(response, at: step, sentAt: sentAt)
    }

    /// Has another code sent, which makes the first one worthless.
    func resend() async throws(AgentError) -> LoginState {
        let step = try take()
        return try await carryOut(.resend, at: step)
    }

    private func resend(at step: LoginStep) async throws(AgentError) -> LoginState {
        guard case .code(let code) = step else {
            stage = .waiting(step)
            throw AgentError(.wrongStep, "There is no code to send again.") { data in data.profile = profile.name }
        }
        let wait = code.resendAt - clock.now.unixTime
        guard wait <= 0 else {
            stage = .waiting(step)
            throw AgentError(.rateLimited, "Another code can be sent in \(wait) seconds.") { data in
                data.profile = profile.name
                data.retryAfter = wait
            }
        }
        do {
            try await send()
        } catch {
            throw fail(error, at: step)
        }
        guard case .working = stage else { throw over }
        move(to: .waiting(.code(codeStep())))
        return state
    }

    func cancel() throws(AgentError) {
        guard endedAt == nil else { throw over }
        if case .saving = stage {
            throw AgentError(.wrongStep, "It is too late to cancel: the sign-in is being saved.") { data in
                data.profile = profile.name
            }
        }
        end(.failed(AgentError(.denied, "The sign-in was cancelled.") { data in data.profile = profile.name }))
    }

    /// Returns at once if the caller has not seen the newest state or the login is over, else at its next change or after the timeout.
    func wait(seen: Int?, timeout: Int) async -> LoginState {
        guard seen == revision, endedAt == nil else { return state }
        watcherCount += 1
        let watcher = watcherCount
        let timer = Task {
            try? await clock.sleep(for: .seconds(timeout))  // cancelled: the change came first
            wake(watcher)
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { watchers[watcher] = $0 }
        } onCancel: {
            Task { await wake(watcher) }
        }
        timer.cancel()
        return state
    }

    /// Waits for an answer under way.
    func finish() async {
        _ = await work?.value
    }

    /// Does the work in a task of its own: if its caller goes away, what the tenant has answered must still be taken.
    private func carryOut(_ call: Call, at step: LoginStep) async throws(AgentError) -> LoginState {
        let task = Task { () -> Result<LoginState, AgentError> in
            do throws(AgentError) {
                switch call {
                case .answer(let answer): return .success(try await self.answer(answer, to: step))
                case .resend: return .success(try await resend(at: step))
                }
            } catch {
                return .failure(error)
            }
        }
        work = task
        return try await task.value.get()
    }

    private func send() async throws(AgentError) {
        try budget.spend(for: profile.name)
        do {
            try await tenant.api.startPasswordless(message)
        } catch {
            throw AgentError(error, profile: profile.name)
        }
    }

    private func wake(_ watcher: Int) {
        watchers.removeValue(forKey: watcher)?.resume()
    }

    /// Takes the step that waits for an answer.
    private func take() throws(AgentError) -> LoginStep {
        switch stage {
        case .waiting(let step):
            stage = .working(step)
            return step
        case .starting, .working, .saving:
            throw AgentError(.wrongStep, "Another answer is being worked on.") { data in data.profile = profile.name }
        case .ended:
            throw over
        }
    }

    private var over: AgentError {
        AgentError(.loginNotFound, "The sign-in is over.") { data in
            data.profile = profile.name
            data.hint = "Begin again by 'postern login \(profile.name)'."
        }
    }

    private func finish(
        _ response: TokenResponse, at step: LoginStep, sentAt: Date
    ) async throws(AgentError) -> LoginState {
        let receivedAt = clock.now
        do throws(AgentError) {
            let person = try await person(in: response)
            // Whoever cancelled, or waited too long, is not signed in after all.
            guard case .working = stage else { throw over }
            stage = .saving(step)
            let token = AccessToken(
                key: .standard, response, standardScope: profile.scope, sentAt: sentAt, receivedAt: receivedAt)
            try await account.signIn(
                Credentials(
                    binding: Credentials.Binding(profile), account: person, signedInAt: sentAt.unixTime,
                    refreshToken: response.refreshToken, idToken: response.idToken, tokens: [token]))
            log.info("Signed in.", metadata: ["profile": "\(profile.name)"])
            end(
                .signedIn(
                    LoginStep.SignedIn(
                        account: person, expiresAt: token.expiresAt, refreshable: response.refreshToken != nil)))
            return state
        } catch {
            // A refresh token that nobody will use must not stay valid.
            if let refreshToken = response.refreshToken { await account.revoke(refreshToken) }
            throw endedBy(error)
        }
    }

    /// Who signed in, by the ID token or, if the tenant gave none, by its userinfo endpoint.
    private func person(in response: TokenResponse) async throws(AgentError) -> PosternProtocol.Account {
        guard let idToken = response.idToken else {
            do {
                return PosternProtocol.Account(try await tenant.api.userInfo(accessToken: response.accessToken))
            } catch {
                throw AgentError(error, profile: profile.name)
            }
        }
        do throws(IDTokenVerifier.Failure) {
            return PosternProtocol.Account(try await tenant.verifier.verify(idToken))
        } catch {
            switch error {
            case .invalid(let rule): throw .idTokenInvalid(rule, profile: profile.name)
            case .keysUnavailable(let error): throw AgentError(error, profile: profile.name)
            }
        }
    }

    /// What an error means for the login: some end it, after the others the same step waits again.
    private func fail(_ error: AgentError, at step: LoginStep) -> AgentError {
        guard case .working = stage else { return over }
        switch error.code {
        case .wrongCode, .offline, .rateLimited: stage = .waiting(step)
        default: end(.failed(error))
        }
        return error
    }

    private func endedBy(_ error: AgentError) -> AgentError {
        end(.failed(error))
        return error
    }

    private func codeStep() -> LoginStep.Code {
        let now = clock.now.unixTime
        return LoginStep.Code(
            channel: target.connection, sentTo: target.masked, resendAt: now + Self.resendInterval,
            codeExpiresAt: now + Self.codeLifetime)
    }

    private func end(_ step: LoginStep) {
        guard endedAt == nil else { return }
        expiry?.cancel()
        move(to: .ended(step, at: clock.now))
    }

    private func move(to stage: Stage) {
        self.stage = stage
        revision += 1
        for watcher in watchers.keys {
            wake(watcher)
        }
    }
}

extension PosternProtocol.Account {
    fileprivate init(_ claims: IDTokenClaims) {
        self.init(
            sub: TenantText.printable(claims.sub ?? ""), email: claims.email.map(TenantText.printable),
            phoneNumber: claims.phoneNumber.map(TenantText.printable), name: claims.name.map(TenantText.printable))
    }
}
