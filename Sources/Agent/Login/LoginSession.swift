import Auth0
import FoundationEssentials
import Logging
import PosternProtocol

/// One sign-in, from the code that is sent to the tokens that are saved. Taking a step leaves ``Stage/working``, so a second answer is refused.
actor LoginSession {
    /// What a login is for, which decides what becomes of the tokens that it brings.
    enum Purpose: Sendable {
        /// The profile is signed in: they take the place of its tokens.
        case signIn
        /// A refresh is to go on that the tenant answers to who proves a second factor.
        case refresh(Account.Demand)
        /// The person's factors are to be managed; the profile's tokens stay as they are.
        case manageFactors
    }

    enum Stage {
        /// The first step is being prepared: a code is sent, or the factors are asked for.
        case starting
        /// The step waits for an answer.
        case waiting(PendingStep)
        /// An answer to the step is being worked on.
        case working(PendingStep)
        /// The person is who they say, and the tokens are being saved: too late to cancel.
        case saving(PendingStep)
        /// Signed in or failed, since then. It can still be read for a minute.
        case ended(LoginStep, at: Date)
    }

    /// How a login begins that starts with a one-time code.
    struct Passwordless: Sendable {
        let target: LoginTarget
        let message: PasswordlessStart
        let scope: String
        let audience: String?
    }

    /// How long a person has for the whole sign-in, seconds.
    static let timeLimit = 600
    /// Auth0's default lifetime of a one-time code, seconds; the tenant decides.
    static let codeLifetime = 180
    /// Seconds before another code may be asked for.
    static let resendInterval = 30
    /// Seconds for which an ended login can be read.
    static let afterlife = 60

    nonisolated let id = LoginSession.newID()
    nonisolated let purpose: Purpose
    nonisolated let profile: Profile
    /// Nil for a login that begins with the second factor.
    nonisolated let passwordless: Passwordless?

    let account: Account
    let tenant: Tenant
    let parts: LoginSessions.Parts
    let budget: CodeBudget
    var clock: any AgentClock { parts.clock }

    private let expiresAt: Date
    private(set) var stage = Stage.starting
    private var revision = 0
    private var watchers: [Int: CheckedContinuation<Void, Never>] = [:]
    private var watcherCount = 0
    private var expiry: Task<Void, Never>?
    /// The last answer, which is carried out even if its caller goes away.
    private var work: Task<Result<LoginState, AgentError>, Never>?

    // Push notifications (LoginSession+Push.swift)
    var polling: Task<Void, Never>?
    var pollInterval = LoginSession.firstPollInterval

    init(
        _ purpose: Purpose, _ passwordless: Passwordless?, account: Account, profile: Profile, tenant: Tenant,
        budget: CodeBudget, parts: LoginSessions.Parts
    ) {
        self.purpose = purpose
        self.passwordless = passwordless
        self.account = account
        self.profile = profile
        self.tenant = tenant
        self.budget = budget
        self.parts = parts
        expiresAt = parts.clock.now.addingTimeInterval(TimeInterval(Self.timeLimit))
    }

    /// 122 random bits: a login's identifier cannot be guessed.
    private static func newID() -> String {
        UUID().uuidString.lowercased()
    }

    var state: LoginState {
        switch stage {
        case .starting: state(showing: .chooseFactor(.init(factors: [])))
        case .waiting(let step), .working(let step), .saving(let step): state(showing: step.shown)
        case .ended(let step, _): state(showing: step)
        }
    }

    /// The state with a step that says more than others may read: a secret that the last call has brought.
    func state(showing step: LoginStep) -> LoginState {
        LoginState(
            loginID: id, profile: profile.name, revision: revision, expiresAt: expiresAt.unixTime, step: step)
    }

    var endedAt: Date? {
        if case .ended(_, let date) = stage { date } else { nil }
    }

    nonisolated var managesFactors: Bool {
        if case .manageFactors = purpose { true } else { false }
    }

    /// Whether tokens are still wanted: it neither has ended nor has them already.
    var isOpen: Bool {
        switch stage {
        case .starting, .waiting, .working: true
        case .saving, .ended: false
        }
    }
}

// MARK: - Calls

extension LoginSession {
    func answer(_ answer: AnswerLogin) async throws(AgentError) -> LoginState {
        try await carryOut { session, step throws(AgentError) in try await session.answer(answer, to: step) }
    }

    /// Has another code or notification sent, which makes the last one worthless.
    func resend() async throws(AgentError) -> LoginState {
        try await carryOut { session, step throws(AgentError) in try await session.resend(at: step) }
    }

    func cancel() async throws(AgentError) {
        guard endedAt == nil else { throw over }
        if case .saving = stage {
            throw AgentError(.wrongStep, "It is too late to cancel: the sign-in is being saved.") { data in
                data.profile = profile.name
            }
        }
        await end(.failed(AgentError(.denied, "The sign-in was cancelled.") { data in data.profile = profile.name }))
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
        await stopPolling()
    }

    /// Takes the step and does the work in a task of its own: if its caller goes away, what the tenant has answered must still be taken.
    private func carryOut(
        _ call: @escaping @Sendable (isolated LoginSession, PendingStep) async throws(AgentError) -> LoginState
    ) async throws(AgentError) -> LoginState {
        let step = try take()
        let task = Task { () -> Result<LoginState, AgentError> in
            do throws(AgentError) {
                await stopPolling()
                // The person may have approved a notification just now.
                if case .ended(.signedIn, _) = stage { return .success(state) }
                guard case .working = stage else { throw over }
                return .success(try await call(self, step))
            } catch {
                return .failure(await settle(error, at: step))
            }
        }
        work = task
        return try await task.value.get()
    }

    /// Takes the step that waits for an answer.
    private func take() throws(AgentError) -> PendingStep {
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

    private func answer(_ answer: AnswerLogin, to step: PendingStep) async throws(AgentError) -> LoginState {
        switch step {
        case .code, .codeProven:
            try await exchange(try code(in: answer), at: step)
        case .chooseFactor(let second), .challenge(let second, _), .recoveryCode(let second):
            try await self.answer(answer, to: second, at: step)
        case .enroll(let second), .enrollConfirm(let second, _):
            try await self.answer(answer, toEnrollment: second, at: step)
        }
    }

    private func resend(at step: PendingStep) async throws(AgentError) -> LoginState {
        switch step {
        case .code(let code):
            try await resendCode(code)
        case .challenge(let second, let challenge) where challenge.proof != .otp:
            try await resendMessage(of: challenge, second)
        case .enrollConfirm(let second, let enrolling) where enrolling.proof != .otp:
            try await resendMessage(of: enrolling, second)
        default:
            throw wrongStep("There is no code to send again.")
        }
    }

    func code(in answer: AnswerLogin) throws(AgentError) -> Secret {
        guard let typed = answer.code else { throw wrongStep("The sign-in waits for a code.") }
        return try code(typed)
    }

    /// What was typed, without the spaces and hyphens that messages print for reading and people copy.
    func code(_ typed: String) throws(AgentError) -> Secret {
        let code = typed.filter { !$0.isWhitespace && $0 != "-" }
        guard !code.isEmpty else {
            throw AgentError(.invalidParams, "The code is empty.") { data in data.profile = profile.name }
        }
        return Secret(code)
    }

    func checkResend(after date: UnixTime) throws(AgentError) {
        let wait = date - clock.now.unixTime
        guard wait > 0 else { return }
        throw AgentError(.rateLimited, "Another code can be sent in \(wait) seconds.") { data in
            data.profile = profile.name
            data.retryAfter = wait
        }
    }
}

// MARK: - Stages

extension LoginSession {
    /// The first step, of a login that has only just begun.
    func begin(at step: PendingStep) {
        move(to: step)
        expiry = Task {
            // Cancelled when the login ends before its time.
            guard (try? await clock.sleep(for: .seconds(Self.timeLimit))) != nil else { return }
            if case .saving = stage { return }
            await end(
                .failed(
                    AgentError(.timeout, "The sign-in was not finished within \(Self.timeLimit / 60) minutes.") {
                        data in
                        data.retryable = false
                        data.hint = "Sign in again."
                    }))
        }
    }

    /// Waits for an answer to a new step.
    func move(to step: PendingStep) {
        pollInterval = Self.firstPollInterval
        waitForAnswer(to: step)
        changed()
    }

    private func waitForAnswer(to step: PendingStep) {
        stage = .waiting(step)
        if let push = step.push { startPolling(push) }
    }

    /// The person has proven everything; from here on the login cannot be cancelled.
    ///
    /// - Throws: 1012 if it has been, or its time is over.
    func beginSaving() throws(AgentError) {
        switch stage {
        case .waiting(let step), .working(let step): stage = .saving(step)
        case .starting, .saving, .ended: throw over
        }
    }

    /// What an error means for the login: after some the same step waits on, the others end it.
    private func settle(_ error: AgentError, at step: PendingStep) async -> AgentError {
        // Cancelled meanwhile, or out of time; unless it is this error that has ended it.
        if case .ended(let end, _) = stage { return end == .failed(error) ? error : over }
        switch error.code {
        case .wrongCode, .offline, .rateLimited, .wrongStep, .invalidParams, .keyringLocked, .keyringUnavailable:
            waitForAnswer(to: step)
        default:
            await end(.failed(error))
        }
        return error
    }

    /// Ends the login, and with it all that the tenant gave for it.
    func end(_ step: LoginStep) async {
        guard endedAt == nil else { return }
        expiry?.cancel()
        polling?.cancel()
        stage = .ended(step, at: clock.now)
        changed()
        if case .refresh(let demand) = purpose { await account.drop(demand) }
    }

    func endedBy(_ error: AgentError) async -> AgentError {
        await end(.failed(error))
        return error
    }

    private func changed() {
        revision += 1
        for watcher in watchers.keys {
            wake(watcher)
        }
    }

    private func wake(_ watcher: Int) {
        watchers.removeValue(forKey: watcher)?.resume()
    }

    var over: AgentError { .loginNotFound(profile: profile.name) }

    func wrongStep(_ message: String) -> AgentError {
        AgentError(.wrongStep, message) { data in data.profile = profile.name }
    }
}
