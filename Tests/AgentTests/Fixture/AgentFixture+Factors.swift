import DevTenant
import PosternProtocol
import Testing

@testable import Agent

// Second factors: whom the tenant asks for one, and what a test answers.
extension AgentFixture {
    /// The phone of those who have one.
    static let phone = "+15550100"

    /// Runs with a person who has these factors, one of which is wanted at every sign-in.
    static func run(
        factors: [Authenticator], tenant edit: (inout Options) -> Void = { _ in }, _ settings: [String] = [],
        _ body: @escaping @Sendable (AgentFixture) async throws -> Void
    ) async throws {
        try await run(
            tenant: { options in
                options.mfa.policy = .always
                edit(&options)
            }, settings
        ) { fixture in
            await fixture.tenant.setAuthenticators(factors, of: person)
            try await body(fixture)
        }
    }

    /// Runs with a person who is signed in and has these factors, of which nothing is asked but by the MFA API.
    static func runSignedIn(
        factors: [Authenticator] = [], tenant edit: (inout Options) -> Void = { _ in },
        _ body: @escaping @Sendable (AgentFixture) async throws -> Void
    ) async throws {
        try await run(tenant: edit) { fixture in
            try await fixture.signIn()
            await fixture.tenant.setAuthenticators(factors, of: person)
            try await body(fixture)
        }
    }

    /// Runs with a person who is signed in and has these factors, and whose access token has expired; the next refresh asks for a factor.
    static func runRefreshing(
        factors: [Authenticator] = [.otp], tenant edit: (inout Options) -> Void = { _ in }, _ settings: [String] = [],
        _ body: @escaping @Sendable (AgentFixture) async throws -> Void
    ) async throws {
        try await run(tenant: edit, settings) { fixture in
            try await fixture.signIn()
            await fixture.tenant.setAuthenticators(factors, of: person)
            await fixture.tenant.setMFAPolicy(.refresh)
            try await fixture.expireToken()
            try await body(fixture)
        }
    }

    /// Starts a login and answers its code: where it stands then.
    func passCode(_ request: StartLogin = .with()) async throws -> LoginState {
        let login = try await startLogin(request)
        return try await answer(login, code: try await tenant.nextCode(for: Self.person))
    }

    /// The login of the 1011 that a `token.get` fails with.
    func demand() async throws -> LoginState {
        let error = try #require(await tokenError())
        #expect(error.code == .mfaRequired)
        return try #require(error.data.login)
    }

    func answer(_ login: LoginState, recoveryCode: String) async throws(AgentError) -> LoginState {
        var request = AnswerLogin(loginID: login.loginID)
        request.recoveryCode = recoveryCode
        return try await agent.answerLogin(request)
    }

    func choose(_ factor: String, _ login: LoginState) async throws(AgentError) -> LoginState {
        var request = AnswerLogin(loginID: login.loginID)
        request.factor = factor
        return try await agent.answerLogin(request)
    }

    func enroll(_ enrollment: AnswerLogin.Enrollment, _ login: LoginState) async throws(AgentError) -> LoginState {
        var request = AnswerLogin(loginID: login.loginID)
        request.enroll = enrollment
        return try await agent.answerLogin(request)
    }

    // What they fail with; nil if they do not.

    func answerError(_ login: LoginState, recoveryCode: String) async -> AgentError? {
        await failure { () async throws(AgentError) in _ = try await answer(login, recoveryCode: recoveryCode) }
    }

    func chooseError(_ factor: String, _ login: LoginState) async -> AgentError? {
        await failure { () async throws(AgentError) in _ = try await choose(factor, login) }
    }

    func enrollError(_ enrollment: AnswerLogin.Enrollment, _ login: LoginState) async -> AgentError? {
        await failure { () async throws(AgentError) in _ = try await enroll(enrollment, login) }
    }

    /// Answers with the one-time password that the person's app shows now.
    func answerTOTP(_ login: LoginState) async throws -> LoginState {
        try await answer(login, code: try await tenant.totpCode(for: Self.person))
    }

    func resendError(_ login: LoginState) async -> AgentError? {
        await failure { () async throws(AgentError) in _ = try await resend(login) }
    }

    /// Lets the time pass until the next question whether the person has approved, and waits for the tenant's answer to it.
    func poll(_ count: Int, after seconds: Double) async throws {
        try await clock.sleeper(within: seconds...seconds)
        clock.advance(by: seconds)
        try await tenant.requestAnswered(at: .token, grant: .mfaOOB, count: count)
    }

    /// The requests that came with a proof of a second factor.
    var proofs: [RecordedRequest] {
        get async {
            await tenant.requests(to: .token).filter { [.mfaOTP, .mfaOOB, .mfaRecoveryCode].contains($0.grant) }
        }
    }

    /// Waits until a login asks no question any more.
    func isQuiet(_ login: LoginState) async throws {
        try await agent.logins.session(login.loginID).finish()
    }

    /// Waits until an answer to a login is being worked on.
    func isAnswering(_ login: LoginState) async throws {
        let session = try await agent.logins.session(login.loginID)
        while case .waiting = await session.stage { await Task.yield() }
    }

    /// Waits until a login is over.
    func end(of login: LoginState) async throws -> LoginStep {
        var state = login
        while true {
            switch state.step {
            case .signedIn, .failed: return state.step
            default:
                state = try await agent.waitForLogin(
                    WaitForLogin(loginID: login.loginID, seen: state.revision, timeout: 1_000_000))
            }
        }
    }
}

extension Authenticator {
    static let otp = Authenticator(.otp, device: "1")
    static let sms = Authenticator(.sms, AgentFixture.phone, device: "2")
    static let push = Authenticator(.push, device: "3", name: "Ada's phone")
    static let email = Authenticator(.email, "ada@home.example", device: "4")
    static let recovery = Authenticator(.recoveryCode, "N3BGPZZWJ85JLCNPZBDW6QXC", device: "5")
}

extension AnswerLogin.Enrollment {
    static let otp = AnswerLogin.Enrollment(type: "otp")
    static let push = AnswerLogin.Enrollment(type: "push-notification")

    static func phone(_ number: String? = AgentFixture.phone, channel: String? = nil) -> Self {
        var enrollment = Self(type: "phone")
        enrollment.phoneNumber = number
        enrollment.channel = channel
        return enrollment
    }

    static func email(_ address: String?) -> Self {
        var enrollment = Self(type: "email")
        enrollment.email = address
        return enrollment
    }
}

extension LoginStep {
    /// Its `kind` on the wire.
    var kind: String {
        switch self {
        case .code: "code"
        case .link: "link"
        case .chooseFactor: "choose_factor"
        case .factorCode: "factor_code"
        case .push: "push"
        case .recoveryCode: "recovery_code"
        case .enroll: "enroll"
        case .enrollConfirm: "enroll_confirm"
        case .signedIn: "signed_in"
        case .failed: "failed"
        }
    }

    var failure: AgentError? {
        if case .failed(let error) = self { error } else { nil }
    }

    var factorCode: FactorCode? {
        if case .factorCode(let step) = self { step } else { nil }
    }

    var enrollConfirm: EnrollConfirm? {
        if case .enrollConfirm(let step) = self { step } else { nil }
    }

    var signedIn: SignedIn? {
        if case .signedIn(let step) = self { step } else { nil }
    }
}
