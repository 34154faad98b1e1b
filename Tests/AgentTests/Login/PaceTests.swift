import DevTenant
import PosternProtocol
import Testing

@testable import Agent

@Suite("How often a person is sent something")
struct PaceTests {
    private static let email = "ada@home.example"

    @Test(
        "a factor is challenged once in 30 seconds, however it is asked for, and its challenge remains good",
        arguments: [Authenticator.sms, .email])
    func once(factor: Authenticator) async throws {
        try await AgentFixture.run(factors: [factor, .otp]) { fixture in
            let login = try await fixture.choose(factor.id, try await fixture.passCode())
            let code = try await fixture.tenant.nextCode(for: factor.value)
            for _ in 1...60 {
                let error = await fixture.chooseError(factor.id, login)
                #expect(error?.code == .rateLimited)
                #expect(error?.data.retryAfter == 30)
                #expect(await fixture.resendError(login)?.code == .rateLimited)
            }
            #expect(try await fixture.state(of: login).step == login.step)
            #expect(await fixture.tenant.requests(to: .challenge).count == 1)
            #expect(try await fixture.answer(login, code: code).step.kind == "signed_in")
        }
    }

    @Test("by way of another factor too, which stays good; the way back to it is at once")
    func thereAndBack() async throws {
        try await AgentFixture.run(factors: [.sms, .email, .otp]) { fixture in
            let sms = try await fixture.choose(Authenticator.sms.id, try await fixture.passCode())
            let email = try await fixture.choose(Authenticator.email.id, sms)
            #expect(email.step.factorCode?.factor.id == Authenticator.email.id)
            fixture.clock.advance(by: 12)
            let error = await fixture.chooseError(Authenticator.sms.id, email)
            #expect(error?.code == .rateLimited)
            #expect(error?.data.retryAfter == 18)
            #expect(try await fixture.state(of: email).step == email.step)
            let code = try await fixture.tenant.nextCode(for: Self.email)
            // One-time passwords and recovery codes are not sent, and so are not counted.
            for _ in 1...40 { _ = try await fixture.choose(Authenticator.otp.id, email) }
            fixture.clock.advance(by: 18)
            _ = try await fixture.choose(Authenticator.sms.id, email)
            _ = code
        }
    }

    @Test("an answer that comes too early ends no question about a push")
    func push() async throws {
        try await AgentFixture.run(factors: [.push, .otp]) { fixture in
            let login = try await fixture.choose(Authenticator.push.id, try await fixture.passCode())
            for _ in 1...60 { #expect(await fixture.chooseError(Authenticator.push.id, login)?.code == .rateLimited) }
            #expect(await fixture.tenant.requests(to: .challenge).count == 1)
            try await fixture.tenant.approvePush(for: AgentFixture.person)
            try await fixture.poll(1, after: 6)
            #expect(try await fixture.end(of: login).kind == "signed_in")
        }
    }

    @Test("a login is challenged three times in any 30 seconds")
    func three() async throws {
        let voice = Authenticator(.voice, AgentFixture.phone, device: "6")
        try await AgentFixture.run(factors: [.sms, .email, voice, .push, .otp]) { fixture in
            var login = try await fixture.passCode()
            for factor in [Authenticator.sms, .email, voice] {
                login = try await fixture.choose(factor.id, login)
                fixture.clock.advance(by: 5)
            }
            let error = await fixture.chooseError(Authenticator.push.id, login)
            #expect(error?.code == .rateLimited)
            #expect(error?.data.retryAfter == 15)
            #expect(try await fixture.state(of: login).step == login.step)
            fixture.clock.advance(by: 15)
            #expect(try await fixture.choose(Authenticator.push.id, login).step.kind == "push")
        }
    }

    @Test("a factor's time is its own in whatever login it is challenged: cancelled ones do not give it back")
    func acrossLogins() async throws {
        try await AgentFixture.runRefreshing(factors: [.push]) { fixture in
            let first = try await fixture.choose(Authenticator.push.id, try await fixture.demand())
            try await fixture.cancel(first)
            for _ in 1...5 {
                let next = try await fixture.demand()
                #expect(await fixture.chooseError(Authenticator.push.id, next)?.code == .rateLimited)
                #expect(try await fixture.state(of: next).step == next.step)
                try await fixture.cancel(next)
            }
            #expect(await fixture.tenant.requests(to: .challenge).count == 1)
        }
    }

    @Test("what the tenant did not send does not count: it may be asked for again at once")
    func refused() async throws {
        try await AgentFixture.run(factors: [.sms, .otp]) { fixture in
            let login = try await fixture.passCode()
            let refusal = Fault.refusal(400, "invalid_request", "Unsupported multifactor provider: sms")
            await fixture.tenant.order(refusal, at: .challenge, times: 4)
            for _ in 1...4 {
                #expect(await fixture.chooseError(Authenticator.sms.id, login)?.code == .invalidParams)
            }
            #expect(try await fixture.choose(Authenticator.sms.id, login).step.kind == "factor_code")
        }
    }

    @Test("a message that sets up a factor is sent once in 30 seconds, to whatever address three times")
    func enrollment() async throws {
        try await AgentFixture.run(factors: []) { fixture in
            let login = try await fixture.enroll(.phone(), try await fixture.passCode())
            for _ in 1...9 { #expect(await fixture.enrollError(.phone(), login)?.data.retryAfter == 30) }
            #expect(try await fixture.state(of: login).step.enrollConfirm?.sentTo == "***0100")
            for number in ["+15550101", "+15550102"] { _ = try await fixture.enroll(.phone(number), login) }
            #expect(await fixture.enrollError(.phone("+15550103"), login)?.code == .rateLimited)
            #expect(await fixture.tenant.requests(to: .associate).count == 3)
            // An app is sent nothing.
            _ = try await fixture.enroll(.otp, login)
            _ = try await fixture.enroll(.otp, login)
        }
    }

    @Test("codes, challenges and enrolments together are twenty in ten minutes, enrolments of apps too")
    func together() async throws {
        try await AgentFixture.run(factors: []) { fixture in
            let login = try await fixture.passCode()
            for _ in 1...19 { _ = try await fixture.enroll(.otp, login) }
            let error = await fixture.enrollError(.otp, login)
            #expect(error?.code == .rateLimited)
            #expect(error?.data.retryAfter == 600)
            #expect(await fixture.startError(.with(restart: true))?.code == .rateLimited)
            #expect(await fixture.tenant.requests(to: .associate).count == 19)
        }
    }

    @Test("the twenty are of one person at one tenant: of all profiles, spellings, connections and logins")
    func escapes() async throws {
        try await AgentFixture.run { fixture in
            let issuer = await fixture.tenant.issuer
            let group = ["issuer = \(issuer)", "client_id = \(fixture.tenant.options.clients[0].id)"]
            for count in 0..<20 {
                if count % 5 == 1 {
                    let profiles = (0...count).map { ["[profile p\($0)]"] + group }.joined()
                    try fixture.files.writeConfiguration(["[profile work]"] + group + profiles)
                    try await fixture.agent.applyConfiguration()
                }
                var start = StartLogin.with(
                    username: count % 2 == 0 ? "ada@example.com" : "ADA@Example.COM", restart: true)
                start.profile = count % 5 == 1 ? "p\(count)" : "work"
                _ = try await fixture.startLogin(start)
            }
            for username in ["ada@example.com", "Ada@example.com", " ada@EXAMPLE.com", "ada@example.com."] {
                for profile in ["work", "p1", "p16"] {
                    var start = StartLogin.with(username: username, restart: true)
                    start.profile = profile
                    #expect(await fixture.startError(start)?.code == .rateLimited)
                }
            }
            #expect(await fixture.tenant.messages.count == 20)
            // Another person has a budget of their own.
            var start = StartLogin.with(username: "eve@example.com", restart: true)
            start.profile = "work"
            _ = try await fixture.startLogin(start)
        }
    }

    @Test("the sign-ins for the management of factors count as well")
    func management() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            for _ in 1...19 {
                let login = try await fixture.agent.enrollFactor(EnrollFactor(type: "otp"))
                try await fixture.cancel(login)
            }
            let error = await failure { () async throws(AgentError) in
                _ = try await fixture.agent.listFactors(ListFactors())
            }
            #expect(error?.code == .rateLimited)
            #expect(await fixture.startError()?.code == .rateLimited)
        }
    }
}
