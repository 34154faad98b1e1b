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
        /// Signed in or failed, since then. It can still be read for a minute.
        case ended(LoginStep, at: Date)
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
    private let clock: any AgentClock
    private let log: Logger

    private let expiresAt: Date
    private var stage = Stage.starting
    private var revision = 0
    private var watchers: [Int: CheckedContinuation<Void, Never>] = [:]
    private var watcherCount = 0
    private var expiry: Task<Void, Never>?

    init(
        id: String, profile: Profile, target: LoginTarget, account: Account, tenant: Tenant, message: PasswordlessStart,
        clock: any AgentClock, log: Logger
    ) {
        self.id = id
        self.profile = profile
        self.target = target
        self.account = account
        self.tenant = tenant
        self.message = message
        self.clock = clock
        self.log = log
        expiresAt = clock.now.addingTimeInterval(TimeInterval(Self.timeLimit))
    }

    var state: LoginState {
        let step: LoginStep =
            switch stage {
            case .starting: .code(codeStep())
            case .waiting(let step), .working(let step), .ended(let step, _): step
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
        do {
            _ = try await tenant.api.discover()
            try await tenant.api.startPasswordless(message)
        } catch {
            let error = AgentError(error, profile: profile.name)
            end(.failed(error))
            throw error
        }
        move(to: .waiting(.code(codeStep())))
        expiry = Task {
            // Cancelled when the login ends before its time.
            guard (try? await clock.sleep(for: .seconds(Self.timeLimit))) != nil else { return }
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
        do {
            let response = try await tenant.api.exchangeCode(
                Secret(code), username: target.username, connection: target.connection, scope: profile.scope,
                audience: profile.audience)
            return try await finish(response, sentAt: sentAt)
        } catch let error as Auth0Error {
            throw fail(error, at: step)
        } catch {
            throw error as? AgentError ?? AgentError(.internalError, "The sign-in failed.")
        }
    }

    /// Has another code sent, which makes the first one worthless.
    func resend() async throws(AgentError) -> LoginState {
        let step = try take()
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
            try await tenant.api.startPasswordless(message)
        } catch {
            throw fail(error, at: step)
        }
        guard case .working = stage else { throw over }
        move(to: .waiting(.code(codeStep())))
        return state
    }

    func cancel() throws(AgentError) {
        guard endedAt == nil else { throw over }
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

    private func wake(_ watcher: Int) {
        watchers.removeValue(forKey: watcher)?.resume()
    }

    /// Takes the step that waits for an answer.
    private func take() throws(AgentError) -> LoginStep {
        switch stage {
        case .waiting(let step):
            stage = .working(step)
            return step
        case .starting, .working:
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

    private func finish(_ response: TokenResponse, sentAt: Date) async throws(AgentError) -> LoginState {
        let account: PosternProtocol.Account
        do {
            account = try await Self.person(in: response, tenant: tenant, profile: profile.name)
        } catch {
            discard(response)
            end(.failed(error))
            throw error
        }
        // Whoever cancelled, or waited too long, is not signed in after all.
        guard case .working = stage else {
            discard(response)
            throw over
        }
        let token = AccessToken(
            key: .standard, value: response.accessToken, scope: response.scope ?? profile.scope,
            issuedAt: sentAt.unixTime, expiresAt: sentAt.unixTime + response.expiresIn)
        await self.account.signIn(
            Credentials(
                binding: Credentials.Binding(profile), account: account, signedInAt: sentAt.unixTime,
                refreshToken: response.refreshToken, idToken: response.idToken, tokens: [token]))
        log.info("Signed in.", metadata: ["profile": "\(profile.name)"])
        end(
            .signedIn(
                LoginStep.SignedIn(
                    account: account, expiresAt: token.expiresAt, refreshable: response.refreshToken != nil)))
        return state
    }

    /// Who signed in, by the ID token or, if the tenant gave none, by its userinfo endpoint.
    private static func person(
        in response: TokenResponse, tenant: Tenant, profile: String
    ) async throws(AgentError) -> PosternProtocol.Account {
        guard let idToken = response.idToken else {
            do {
                return PosternProtocol.Account(try await tenant.api.userInfo(accessToken: response.accessToken))
            } catch {
                throw AgentError(error, profile: profile)
            }
        }
        do throws(IDTokenVerifier.Failure) {
            return PosternProtocol.Account(try await tenant.verifier.verify(idToken))
        } catch {
            switch error {
            case .invalid(let rule): throw .idTokenInvalid(rule, profile: profile)
            case .keysUnavailable(let error): throw AgentError(error, profile: profile)
            }
        }
    }

    /// A refresh token that nobody will use must not stay valid.
    private func discard(_ response: TokenResponse) {
        guard let refreshToken = response.refreshToken else { return }
        Task { await account.revokeInBackground(refreshToken) }
    }

    /// What an error means for the login: some end it, after the others the same step waits again.
    private func fail(_ error: Auth0Error, at step: LoginStep) -> AgentError {
        let answer = AgentError(error, profile: profile.name)
        guard case .working = stage else { return over }
        switch answer.code {
        case .wrongCode, .offline, .rateLimited: stage = .waiting(step)
        default: end(.failed(answer))
        }
        return answer
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
