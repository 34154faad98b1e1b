import DevTenant
import Foundation
import PosternProtocol
import Testing

@testable import Agent

@Suite("Managing a person's factors")
struct FactorManagementTests {
    /// Signs in for the management of factors.
    private static func signIn(_ fixture: AgentFixture) async throws {
        let login = try #require(try await list(fixture).login)
        let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
        var state = try await fixture.answer(login, code: code)
        if state.step.kind == "choose_factor" {
            state = try await fixture.choose(Authenticator.otp.id, state)
        }
        if state.step.kind == "factor_code" { state = try await fixture.answerTOTP(state) }
        #expect(state.step.kind == "signed_in")
    }

    /// Has another person sign in, which takes a sign-out.
    private static func signInOther(_ fixture: AgentFixture) async throws {
        try await fixture.agent.logout(Logout())
        let other = try await fixture.startLogin(.with(username: "eve@example.com"))
        _ = try await fixture.answer(other, code: try await fixture.tenant.nextCode(for: "eve@example.com"))
    }

    private static func list(_ fixture: AgentFixture) async throws(AgentError) -> ListFactors.Response {
        try await fixture.agent.listFactors(ListFactors())
    }

    private static func enroll(
        _ fixture: AgentFixture, type: String = "otp", phone: String? = nil, channel: String? = nil
    ) async throws(AgentError) -> LoginState {
        var request = EnrollFactor(type: type)
        request.phoneNumber = phone
        request.channel = channel
        return try await fixture.agent.enrollFactor(request)
    }

    private static func enrollError(_ fixture: AgentFixture, type: String = "otp") async -> AgentError? {
        await failure { () async throws(AgentError) in _ = try await enroll(fixture, type: type) }
    }

    private static func removeError(_ fixture: AgentFixture, _ id: String) async -> AgentError? {
        await failure { () async throws(AgentError) in
            _ = try await fixture.agent.removeFactor(RemoveFactor(id: id))
        }
    }

    @Test("a list needs a sign-in of its own, which leaves the profile's tokens as they are")
    func list() async throws {
        try await AgentFixture.runSignedIn(factors: [.otp, .sms, .recovery]) { fixture in
            let record = fixture.store.record()
            let token = try await fixture.token().accessToken
            let login = try #require(try await Self.list(fixture).login)
            #expect(login.step.kind == "code")
            #expect(try await Self.list(fixture).login == login)
            // The MFA API asks everybody who has a factor.
            let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
            let choice = try await fixture.answer(login, code: code)
            #expect(choice.step.kind == "choose_factor")
            let end = try await fixture.answerTOTP(try await fixture.choose(Authenticator.otp.id, choice))
            #expect(end.step.signedIn?.refreshable == false)
            #expect(end.step.signedIn?.expiresAt == fixture.clock.unixTime + 600)
            let factors = try await Self.list(fixture).answer?.factors
            #expect(factors?.map(\.id) == [Authenticator.otp.id, Authenticator.sms.id, Authenticator.recovery.id])
            #expect(fixture.store.record() == record)
            #expect(try await fixture.token().accessToken == token)
            #expect(await fixture.refreshes.isEmpty)
            #expect(await fixture.tenant.requests(to: .revoke).isEmpty)
            let sent = await fixture.tenant.requests(to: .token, grant: .passwordlessOTP).last?.body
            #expect(sent?.contains("offline_access") == false)
        }
    }

    @Test("somebody else's sign-in is refused as 1014, and nothing may be managed by it")
    func otherPerson() async throws {
        try await AgentFixture.runSignedIn { fixture in
            let own = try await fixture.agent.idToken(GetIDToken()).idToken
            try await Self.signInOther(fixture)
            let login = try #require(try await Self.list(fixture).login)
            let code = try await fixture.tenant.nextCode(for: "eve@example.com")
            await fixture.tenant.order(.members(["id_token": .string(own)]), at: .token)
            let error = await fixture.answerError(login, code: code)
            #expect(error?.code == .denied)
            #expect(error?.data.cause == "other_person")
            #expect(try await fixture.state(of: login).step.failure == error)
            #expect(try await Self.list(fixture).login != nil)
        }
    }

    @Test("somebody who signs in to the profile meanwhile has no part in it")
    func otherPersonMeanwhile() async throws {
        try await AgentFixture.runSignedIn { fixture in
            let login = try #require(try await Self.list(fixture).login)
            let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
            await fixture.killRefreshToken()
            _ = await fixture.tokenError(.with(force: true))
            let other = try await fixture.startLogin(.with(username: "eve@example.com"))
            _ = try await fixture.answer(other, code: try await fixture.tenant.nextCode(for: "eve@example.com"))
            #expect(await fixture.answerError(login, code: code)?.data.cause == "other_person")
            #expect(try await Self.list(fixture).login != nil)
        }
    }

    @Test("an access is not good for another person than it was given for")
    func accessOfAnother() async throws {
        try await AgentFixture.runSignedIn { fixture in
            try await Self.signIn(fixture)
            let access = try #require(try await fixture.account.factorAccess(of: .test))
            try await Self.signInOther(fixture)
            #expect(try await fixture.account.factorAccess(of: .test) == nil)
            // As if the sign-in had come between the two.
            try await fixture.account.addFactorAccess(access)
            #expect(try await fixture.account.factorAccess(of: .test) == nil)
        }
    }

    @Test("a factor is set up after a sign-in: the call is made again, and confirmed by its code")
    func enroll() async throws {
        try await AgentFixture.runSignedIn(factors: [.sms]) { fixture in
            let login = try await Self.enroll(fixture)
            #expect(login.step.kind == "code")
            let sms = try await fixture.answer(login, code: try await fixture.tenant.nextCode(for: AgentFixture.person))
            _ = try await fixture.answer(sms, code: try await fixture.tenant.nextCode(for: AgentFixture.phone))
            let record = fixture.store.record()
            let enrolling = try await Self.enroll(fixture)
            let step = try #require(enrolling.step.enrollConfirm)
            #expect(step.secret != nil && step.types == nil)
            #expect(try await fixture.state(of: enrolling).step.enrollConfirm?.secret == nil)
            // One factor is to be set up, so there is nothing else to choose.
            #expect(await fixture.enrollError(.push, enrolling)?.code == .wrongStep)
            #expect(await fixture.answerError(enrolling, code: "000000")?.code == .wrongCode)
            let end = try await fixture.answerTOTP(enrolling)
            #expect(end.step.signedIn?.account.email == AgentFixture.person)
            #expect(try await Self.list(fixture).answer?.factors.map(\.type).contains(.otp) == true)
            #expect(fixture.store.record() == record)
        }
    }

    @Test("setting up another takes the place of the one under way")
    func enrollAnother() async throws {
        try await AgentFixture.runSignedIn { fixture in
            try await Self.signIn(fixture)
            let push = try await Self.enroll(fixture, type: "push-notification")
            try await fixture.clock.sleeper(within: 6...6)
            let phone = try await Self.enroll(fixture, type: "phone", phone: AgentFixture.phone, channel: "voice")
            #expect(phone.step.enrollConfirm?.channel == "voice")
            #expect(try await fixture.state(of: push).step.kind == "failed")
            try await fixture.isQuiet(push)
            fixture.clock.advance(by: 60)
            #expect(await fixture.proofs.isEmpty)
            let code = try await fixture.tenant.nextCode(for: AgentFixture.phone)
            #expect(try await fixture.answer(phone, code: code).step.kind == "signed_in")
        }
    }

    @Test("a push app is set up by scanning its picture")
    func enrollPush() async throws {
        try await AgentFixture.runSignedIn { fixture in
            try await Self.signIn(fixture)
            let login = try await Self.enroll(fixture, type: "push-notification")
            try await fixture.poll(1, after: 6)
            try await fixture.tenant.approvePush(for: AgentFixture.person)
            try await fixture.poll(2, after: 6)
            #expect(try await fixture.end(of: login).kind == "signed_in")
            // Both on the device.
            #expect(try await Self.list(fixture).answer?.factors.map(\.type).prefix(2) == [.push, .otp])
        }
    }

    @Test("what is wrong with the request is said before anybody signs in for it")
    func invalid() async throws {
        try await AgentFixture.runSignedIn { fixture in
            #expect(await Self.enrollError(fixture, type: "recovery-code")?.code == .invalidParams)
            let error = await Self.enrollError(fixture, type: "phone")
            #expect(error?.data.missing == ["phone_number"])
            #expect(await fixture.tenant.messages.count == 1)
        }
    }

    @Test("a factor is taken away with what shares its device; one that is not there, or may not go, is -32602")
    func remove() async throws {
        let voice = Authenticator(.voice, AgentFixture.phone, device: Authenticator.sms.device)
        try await AgentFixture.runSignedIn(factors: [.otp, .sms, voice, .email]) { fixture in
            let login = try await fixture.agent.removeFactor(RemoveFactor(id: Authenticator.sms.id)).login
            #expect(login?.step.kind == "code")
            try await Self.signIn(fixture)
            #expect(await Self.removeError(fixture, "sms|other")?.code == .invalidParams)
            #expect(await Self.removeError(fixture, Authenticator.email.id)?.code == .invalidParams)
            let answer = try await fixture.agent.removeFactor(RemoveFactor(id: Authenticator.sms.id)).answer
            #expect(answer == Empty())
            let left = try await Self.list(fixture).answer?.factors
            #expect(left?.map(\.id) == [Authenticator.otp.id, Authenticator.email.id])
        }
    }

    @Test(
        "after its ten minutes, or once the tenant will not have it, another sign-in is wanted",
        arguments: [true, false])
    func expired(byTime: Bool) async throws {
        try await AgentFixture.runSignedIn { fixture in
            try await Self.signIn(fixture)
            #expect(try await Self.list(fixture).answer != nil)
            if byTime {
                fixture.clock.advance(by: 591)
            } else {
                await fixture.tenant.order(.refusal(401, "invalid_token", "Invalid token"), at: .authenticators)
            }
            #expect(try await Self.list(fixture).login?.step.kind == "code")
        }
    }

    @Test("an enrolment that the tenant will not begin with the access wants another sign-in")
    func expiredAtEnrollment() async throws {
        try await AgentFixture.runSignedIn { fixture in
            try await Self.signIn(fixture)
            await fixture.tenant.order(.refusal(401, "invalid_token", "Invalid token"), at: .associate)
            #expect(try await Self.enroll(fixture).step.kind == "code")
        }
    }

    @Test("nobody who is signed out has factors: 1001, and the access is gone with the sign-out")
    func signedOut() async throws {
        try await AgentFixture.runSignedIn { fixture in
            try await Self.signIn(fixture)
            _ = try await fixture.agent.logout(Logout())
            let error = await failure { () async throws(AgentError) in _ = try await Self.list(fixture) }
            #expect(error?.code == .loginRequired)
            #expect(await Self.enrollError(fixture)?.code == .loginRequired)
            try await fixture.signIn()
            #expect(try await Self.list(fixture).login != nil)
        }
    }

    @Test("a sign-out ends the sign-in for it")
    func signOutEnds() async throws {
        try await AgentFixture.runSignedIn { fixture in
            let login = try #require(try await Self.list(fixture).login)
            _ = try await fixture.agent.logout(Logout())
            #expect(try await fixture.state(of: login).step.kind == "failed")
        }
    }

    @Test("it neither joins the profile's sign-in nor is joined by it")
    func apart() async throws {
        try await AgentFixture.runSignedIn { fixture in
            let own = try await fixture.startLogin()
            let login = try #require(try await Self.list(fixture).login)
            #expect(login.loginID != own.loginID)
            #expect(try await fixture.startLogin() == own)
            #expect(await fixture.tokenError(.with(force: true)) == nil)
        }
    }

    @Test("a tenant that cannot be reached is 1006, and the access is kept")
    func offline() async throws {
        try await AgentFixture.runSignedIn { fixture in
            try await Self.signIn(fixture)
            await fixture.tenant.order(.page(503), at: .authenticators)
            let error = await failure { () async throws(AgentError) in _ = try await Self.list(fixture) }
            #expect(error?.code == .offline)
            #expect(try await Self.list(fixture).answer != nil)
        }
    }
}

extension AnswerOrLogin {
    fileprivate var answer: Answer? {
        if case .answer(let answer) = self { answer } else { nil }
    }

    fileprivate var login: LoginState? {
        if case .login(let login) = self { login } else { nil }
    }
}
