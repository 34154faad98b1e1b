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
        case refresh(Account.Demand.ID)
        /// The factors of this person, who is signed in, are to be managed; the profile's tokens stay as they are.
        case manageFactors(of: String, begunBy: Peer)
        /// A factor is set up by an access that such a sign-in has brought.
        case enroll(Account.FactorAccess)
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
    private(set) var tenant: Tenant
    let parts: LoginSessions.Parts
    /// The desktop session in which it was begun.
    private let mark: SessionMark
    /// Whom the login sends something to.
    nonisolated let recipient: CodeBudget.Recipient
    var clock: any AgentClock { parts.clock }

    private let expiresAt: Date
    private(set) var stage = Stage.starting
    private var revision = 0
    private var watchers: [Int: CheckedContinuation<Void, Never>] = [:]
    private var watcherCount = 0
    private var expiry: Task<Void, Never>?
    /// Ends with the last answer, which is carried out even if its caller goes away. What was answered may be secret and is not kept.
    var work: Task<Void, Never>?

    // Push notifications (LoginSession+Push.swift)
    var polling: Task<Void, Never>?
    var pollInterval = LoginSession.firstPollInterval

    init(
        _ purpose: Purpose, _ passwordless: Passwordless?, to recipient: CodeBudget.Recipient, account: Account,
        profile: Profile, tenant: Tenant, mark: SessionMark, parts: LoginSessions.Parts
    ) {
        self.purpose = purpose
        self.passwordless = passwordless
        self.account = account
        self.profile = profile
        self.tenant = tenant
        self.recipient = recipient
        self.mark = mark
        self.parts = parts
        let limit = parts.clock.now.addingTimeInterval(TimeInterval(Self.timeLimit))
        // What serves a caller serves no enrolment for longer.
        expiresAt =
            if case .enroll(let access) = purpose { min(limit, Date(unixTime: access.expiresAt)) } else { limit }
    }

    /// 122 random bits: a login's identifier cannot be guessed.
    private static func newID() -> String {
        UUID().uuidString.lowercased()
    }

    var state: LoginState {
        switch stage {
        case .starting: state(showing: .chooseFactor(.init(factors: [])))
        case .waiting(let step), .working(let step), .saving(let step): state(showing: step.shown(by: clock))
        case .ended(let step, _): state(showing: step)
        }
    }

    /// The state with a step that says more than others may read: a secret that the last call has brought.
    func state(showing step: LoginStep) -> LoginState {
        LoginState(
            loginID: id, profile: profile.name, revision: revision, expiresAt: clock.wallTime(of: expiresAt), step: step
        )
    }

    var endedAt: Date? {
        if case .ended(_, let date) = stage { date } else { nil }
    }

    /// Whether it can still do what it is for: the profile means the same sign-in, and what a refresh asked for is still to be proven.
    var isWanted: Bool {
        get async {
            if case .refresh(let demand) = purpose { return await account.awaits(demand) }
            guard await !account.isStopping else { return false }
            return await !hasSessionEnded
        }
    }

    /// The session that what it brings ends with: the one in which it was begun, if there was one.
    var sessionOfSignIn: SessionMark {
        get async { mark.id.isEmpty ? await parts.desktop.mark : mark }
    }

    /// Whether what it brings would have ended already, with the session in which it was begun (`persist = session`).
    var hasSessionEnded: Bool {
        get async {
            guard profile.persist == .session, !mark.id.isEmpty else { return false }
            return await parts.desktop.hasEnded(mark, since: 0)
        }
    }

    /// What can be joined: of each profile one that signs in, or goes on with a refresh, and one that lets factors be managed. Who sets up a factor
    /// does so alone.
    enum Role { case signIn, manageFactors, enroll }

    nonisolated var role: Role {
        switch purpose {
        case .signIn, .refresh: .signIn
        case .manageFactors: .manageFactors
        case .enroll: .enroll
        }
    }

    /// Whether tokens are still wanted: it neither has ended nor has them already.
    var isOpen: Bool {
        switch stage {
        case .starting, .waiting, .working: true
        case .saving, .ended: false
        }
    }
}

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

    /// Takes the step that waits for an answer.
    func take() throws(AgentError) -> PendingStep {
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

    /// Waits for an answer to a new step.
    func move(to step: PendingStep) {
        pollInterval = Self.firstPollInterval
        waitForAnswer(to: step)
        changed()
    }

    /// Makes this the step that waits on if the answer under way comes to nothing.
    func fallBack(to step: PendingStep) {
        if case .working = stage { stage = .working(step) }
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
    func settle(_ error: AgentError) async -> AgentError {
        // Cancelled meanwhile, or out of time; unless it is this error that has ended it.
        if case .ended(let end, _) = stage { return end == .failed(error) ? error : over }
        // The timeout is that of a machine that goes to sleep: nothing was sent.
        let isPassing = [
            .wrongCode, .offline, .rateLimited, .wrongStep, .invalidParams, .keyringLocked, .keyringUnavailable,
            .timeout,
        ].contains(error.code)
        if isPassing, case .working(let step) = stage {
            waitForAnswer(to: step)
        } else {
            await end(.failed(error))
        }
        return error
    }

    /// Ends the login, and with it all that the tenant gave for it.
    func end(_ step: LoginStep) async {
        guard endedAt == nil else { return }
        expiry?.cancel()
        polling?.cancel()
        tenant = tenant.withoutSecret
        stage = .ended(step, at: clock.now)
        changed()
        if case .refresh(let demand) = purpose { await account.drop(demand) }
        if case .signIn = purpose { await account.login(id, isUnderWay: false) }
    }

    func endedBy(_ error: AgentError) async -> AgentError {
        await end(.failed(error))
        return error
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
