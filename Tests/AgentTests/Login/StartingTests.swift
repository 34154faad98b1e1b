import Agent
import DevTenant
import KeyringProtocol
import PosternProtocol
import Testing

@Suite("Starting a login")
struct StartingTests {
    @Test("without an address it is -32602 with what is missing, and nothing is sent")
    func noAddress() async throws {
        try await AgentFixture.run { fixture in
            let error = await fixture.startError(.with(username: nil))
            #expect(error?.code == .invalidParams)
            #expect(error?.data.missing == ["username"])
            #expect(await fixture.tenant.requests().isEmpty)
        }
    }

    @Test(
        "a plainly wrong address is -32602, and nothing is sent",
        arguments: [
            ("ada", "email"), ("@example.com", "email"), ("a b@example.com", "email"), ("015112345678", "sms"),
            ("+49 151", "sms"), ("ada@example.com", "sms"), ("+1234567890123456", "sms"),
        ])
    func badAddress(username: String, connection: String) async throws {
        try await AgentFixture.run { fixture in
            let error = await fixture.startError(.with(username: username, connection: connection))
            #expect(error?.code == .invalidParams)
            #expect(await fixture.tenant.requests(to: .start).isEmpty)
        }
    }

    @Test(
        "the keyring must be writable before a code is sent",
        arguments: [
            (SecretStoreError.locked, AgentError.Code.keyringLocked), (.absent("gone"), .keyringUnavailable),
            (.noCollection(.default), .keyringUnavailable), (.failing("x"), .keyringUnavailable),
        ])
    func keyring(failure: SecretStoreError, code: AgentError.Code) async throws {
        try await AgentFixture.run { fixture in
            fixture.store.fail(failure)
            #expect(await fixture.startError()?.code == code)
            #expect(await fixture.tenant.requests(to: .start).isEmpty)
        }
    }

    @Test("persist = memory needs no keyring")
    func memory() async throws {
        try await AgentFixture.run(["persist = memory"]) { fixture in
            fixture.store.fail(.locked)
            try await fixture.signIn()
            #expect(try await fixture.token().from == .cache)
        }
    }

    @Test("a second start joins the first: one login, one code")
    func join() async throws {
        try await AgentFixture.run { fixture in
            let first = try await fixture.startLogin()
            let second = try await fixture.startLogin()
            #expect(second.loginID == first.loginID)
            #expect(await fixture.tenant.messages.count == 1)
        }
    }

    @Test("twenty at once make one login and one code")
    func atOnce() async throws {
        try await AgentFixture.run { fixture in
            let ids = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 1...20 { group.addTask { try await fixture.startLogin().loginID } }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(ids.count == 1)
            #expect(await fixture.tenant.messages.count == 1)
        }
    }

    @Test("another address or connection does not join: 1013, without the other's address")
    func otherAddress() async throws {
        try await AgentFixture.run { fixture in
            _ = try await fixture.startLogin()
            let error = await fixture.startError(.with(username: "grace@example.com"))
            #expect(error?.code == .wrongStep)
            #expect(error?.message.contains("ada@") == false)
            #expect(await fixture.startError(.with(username: "+49151", connection: "sms"))?.code == .wrongStep)
        }
    }

    @Test("restart ends the live one and begins anew")
    func restart() async throws {
        try await AgentFixture.run { fixture in
            let first = try await fixture.startLogin()
            let second = try await fixture.startLogin(.with(username: "grace@example.com", restart: true))
            #expect(second.loginID != first.loginID)
            guard case .failed = try await fixture.state(of: first).step else {
                Issue.record("The first goes on.")
                return
            }
            let code = try await fixture.tenant.nextCode(for: "grace@example.com")
            _ = try await fixture.answer(second, code: code)
            #expect(try await fixture.status.account?.email == "grace@example.com")
        }
    }

    @Test(
        "what the tenant says against it is its answer, and no login is left",
        arguments: [
            (Fault.refusal(400, "bad.connection", "Connection does not exist"), 1015),
            (.refusal(429, "too_many_requests"), 1007), (.page(503), 1006), (.page(200), 1006),
            (.refusal(400, "extensibility_error", "Not you"), 1014), (.botDetection, 1014),
            (.refusal(400, "bad.email", "error in email"), -32602),
        ])
    func refused(fault: Fault, code: Int) async throws {
        try await AgentFixture.run { fixture in
            await fixture.tenant.order(fault, at: .start)
            #expect(await fixture.startError()?.code.rawValue == code)
            _ = try await fixture.signIn()
        }
    }

    @Test("a code can be sent again after 30 seconds, and the old one is dead then")
    func resend() async throws {
        try await AgentFixture.run { fixture in
            let login = try await fixture.startLogin()
            let old = try await fixture.tenant.nextCode(for: AgentFixture.person)
            fixture.clock.advance(by: 29)
            let early = await failure { () async throws(AgentError) in _ = try await fixture.resend(login) }
            #expect(early?.code == .rateLimited)
            #expect(early?.data.retryAfter == 1)
            fixture.clock.advance(by: 1)
            let again = try await fixture.resend(login)
            #expect(again.loginID == login.loginID)
            #expect(again.revision > login.revision)
            let new = try await fixture.tenant.nextCode(for: AgentFixture.person)
            if new != old {
                #expect(await fixture.answerError(login, code: old)?.code == .wrongCode)
            }
            _ = try await fixture.answer(login, code: new)
        }
    }

    @Test("twenty codes in ten minutes are sent, no more")
    func limit() async throws {
        try await AgentFixture.run { fixture in
            for _ in 1...20 { _ = try await fixture.startLogin(.with(restart: true)) }
            fixture.clock.advance(by: 100)
            let error = await fixture.startError(.with(restart: true))
            #expect(error?.code == .rateLimited)
            #expect(error?.data.retryAfter == 500)
            #expect(await fixture.tenant.messages.count == 20)
            fixture.clock.advance(by: 500)
            _ = try await fixture.startLogin(.with(restart: true))
        }
    }

    @Test("signing in by a link is not available yet and says so")
    func link() async throws {
        try await AgentFixture.run { fixture in
            #expect(await fixture.startError(.with(send: "link"))?.code == .misconfigured)
            #expect(await fixture.tenant.messages.isEmpty)
        }
    }

    @Test("the message's language is the request's, else the profile's")
    func language() async throws {
        try await AgentFixture.run(["language = de"]) { fixture in
            _ = try await fixture.startLogin()
            _ = try await fixture.startLogin(.with(language: "fr", restart: true))
            let headers = await fixture.tenant.requests(to: .start).map { $0.headers["x-request-language"] }
            #expect(headers == ["de", "fr"])
        }
    }

    @Test("the profile's auth_params go with the request")
    func authParams() async throws {
        try await AgentFixture.run(["auth_params = org=one x=y=z"]) { fixture in
            _ = try await fixture.startLogin()
            let body = try #require(await fixture.tenant.requests(to: .start).first?.body)
            #expect(body.contains(#""org":"one""#))
            #expect(body.contains(#""x":"y=z""#))
        }
    }
}
