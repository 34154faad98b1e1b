import DevTenant
import KeyringProtocol
import PosternProtocol
import Testing

@testable import Agent

@Suite("Who may sign in to a profile")
struct AddressTests {
    private static let configured = ["username = \(AgentFixture.person)"]
    private static let phone = ["connection = sms", "username = +4915112345678"]
    private static let eve = "eve@example.com"

    @Test(
        "an address other than the configured one is 1014, and nothing is sent",
        arguments: [
            "eve@example.com", "ada@example.org", "adа@example.com", "+4915112345678", "ada",
            "ada+x@example.com", "not an address",
        ], [nil, true])
    func other(username: String, restart: Bool?) async throws {
        try await AgentFixture.run(Self.configured) { fixture in
            let error = await fixture.startError(.with(username: username, restart: restart))
            #expect(error?.code == .denied)
            #expect(error?.data.cause == "address")
            #expect(error?.message.contains("ada@") == false)
            #expect(await fixture.tenant.requests().isEmpty)
        }
    }

    @Test(
        "another connection is another address, whoever is named", arguments: [nil, AgentFixture.person, "+49151123"])
    func connection(username: String?) async throws {
        try await AgentFixture.run(Self.configured) { fixture in
            let error = await fixture.startError(.with(username: username, connection: "sms"))
            #expect(error?.data.cause == "address")
            #expect(await fixture.startError(.with(username: username, connection: "crm"))?.data.cause == "address")
            #expect(await fixture.tenant.requests().isEmpty)
        }
    }

    @Test(
        "the same address in another spelling is the configured one, and the code goes to that",
        arguments: [
            (configured, "ADA@Example.COM", AgentFixture.person),
            (configured, "  ada@example.com ", AgentFixture.person),
            (phone, "+49 151 1234-5678", "+4915112345678"), (phone, "+49 (151) 12345678", "+4915112345678"),
            (["username = Ada@Example.com"], "ada@example.com", "Ada@Example.com"),
            (["username = ren\u{E9}@example.com"], "rene\u{301}@example.com", "ren\u{E9}@example.com"),
        ])
    func spelling(settings: [String], username: String, sentTo: String) async throws {
        try await AgentFixture.run(settings) { fixture in
            let login = try await fixture.startLogin(.with(username: username))
            #expect(try await fixture.startLogin(.with(username: nil)) == login)
            let body = try #require(await fixture.tenant.requests(to: .start).first?.body)
            #expect(body.contains(sentTo))
        }
    }

    @Test("it is decided before anything else: a live login goes on, and a keyring that is locked is not asked")
    func first() async throws {
        try await AgentFixture.run(Self.configured) { fixture in
            let live = try await fixture.startLogin()
            for restart in [nil, true] {
                #expect(await fixture.startError(.with(username: Self.eve, restart: restart))?.data.cause == "address")
            }
            #expect(try await fixture.state(of: live) == live)
            fixture.store.fail(.locked)
            #expect(await fixture.startError(.with(username: Self.eve, send: "link"))?.data.cause == "address")
        }
    }

    @Test("a login that was begun for an address that is configured no more signs nobody in, and is not joined")
    func changed() async throws {
        try await AgentFixture.run { fixture in
            let live = try await fixture.startLogin(.with(username: Self.eve))
            try await fixture.reconfigure(adding: Self.configured)
            let code = try await fixture.tenant.nextCode(for: Self.eve)
            let error = await fixture.answerError(live, code: code)
            #expect(error?.code == .denied)
            #expect(error?.data.cause == "address")
            #expect(await fixture.tokenError()?.data.cause == "never")
            try await fixture.tenant.requestArrived(at: .revoke)
        }
        try await AgentFixture.run { fixture in
            let live = try await fixture.startLogin(.with(username: Self.eve))
            try await fixture.reconfigure(adding: Self.configured)
            let own = try await fixture.startLogin(.with(username: nil))
            #expect(own.loginID != live.loginID)
            #expect(try await fixture.state(of: live).step.kind == "failed")
        }
    }

    @Test(
        "a sign-in that turns out to be another person's is 1014: it is revoked, and who was signed in stays",
        arguments: [true, false])
    func otherPerson(byFactor: Bool) async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let record = fixture.store.record()
            let token = try await fixture.token().accessToken
            if byFactor {
                await fixture.tenant.setAuthenticators([.otp], of: Self.eve)
                await fixture.tenant.setMFAPolicy(.always)
            }
            var login = try await fixture.startLogin(.with(username: Self.eve))
            var code = try await fixture.tenant.nextCode(for: Self.eve)
            if byFactor {
                login = try await fixture.answer(login, code: code)
                code = try await fixture.tenant.totpCode(for: Self.eve)
            }
            let error = await fixture.answerError(login, code: code)
            #expect(error?.code == .denied)
            #expect(error?.data.cause == "other_person")
            #expect(try await fixture.state(of: login).step.failure == error)
            try await fixture.tenant.requestArrived(at: .revoke)
            #expect(await fixture.tenant.requests(to: .revoke).count == 1)
            #expect(try await fixture.token().accessToken == token)
            #expect(fixture.store.record() == record)
            // The one that stayed is not the one that was revoked.
            await fixture.tenant.setMFAPolicy(.never)
            #expect(try await fixture.token(.with(force: true)).from == .refresh)
        }
    }

    @Test("the same person signs in anew at any time")
    func samePerson() async throws {
        try await AgentFixture.run(Self.configured) { fixture in
            for _ in 1...2 {
                let end = try await fixture.signIn()
                #expect(end.step.kind == "signed_in")
            }
        }
    }

    @Test("after a sign-out, a refusal, or the end of what there was, anybody may sign in", arguments: [0, 1, 2])
    func free(end: Int) async throws {
        let clients = end == 2 ? [Client(grants: [.passwordlessOTP])] : [Client()]
        try await AgentFixture.run(
            tenant: { $0.clients = clients }, end == 2 ? ["scope = openid email"] : []
        ) { fixture in
            try await fixture.signIn()
            switch end {
            case 0: _ = try await fixture.agent.logout(Logout())
            case 1:
                await fixture.killRefreshToken()
                #expect(await fixture.tokenError(.with(force: true))?.code == .loginRequired)
            default: try await fixture.expireToken()
            }
            let login = try await fixture.startLogin(.with(username: Self.eve))
            _ = try await fixture.answer(login, code: try await fixture.tenant.nextCode(for: Self.eve))
            #expect(try await fixture.status.account?.email == Self.eve)
        }
    }

    @Test("an access token that lives is a sign-in that can be used, without a refresh token too")
    func withoutRefreshToken() async throws {
        try await AgentFixture.run(["scope = openid email"]) { fixture in
            try await fixture.signIn()
            let login = try await fixture.startLogin(.with(username: Self.eve))
            let code = try await fixture.tenant.nextCode(for: Self.eve)
            #expect(await fixture.answerError(login, code: code)?.data.cause == "other_person")
            #expect(try await fixture.token().from == .cache)
        }
    }

    @Test("after a restart too, who is signed in is known before another person can sign in")
    func restarted() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let next = try await fixture.restarted()
            let login = try await next.startLogin(.with(username: Self.eve))
            let code = try await next.tenant.nextCode(for: Self.eve)
            #expect(await next.answerError(login, code: code)?.data.cause == "other_person")
            #expect(try await next.status.account?.email == AgentFixture.person)
        }
    }

    @Test("why it was denied stands in the error", arguments: [true, false])
    func causes(byPerson: Bool) async throws {
        try await AgentFixture.run(factors: [.push]) { fixture in
            #expect(await fixture.tokenError(.with(audience: "https://no.example"))?.data.cause == "audience")
            let login = try await fixture.passCode()
            if byPerson {
                try await fixture.tenant.denyPush(for: AgentFixture.person)
            } else {
                await fixture.tenant.order(.refusal(403, "unauthorized", "Not from here."), at: .token)
            }
            try await fixture.poll(1, after: 6)
            let error = try await fixture.end(of: login).failure
            #expect(error?.code == .denied)
            #expect(error?.data.cause == (byPerson ? "person" : "tenant"))
            let other = try await fixture.startLogin()
            try await fixture.cancel(other)
            #expect(try await fixture.state(of: other).step.failure?.data.cause == "person")
        }
    }

    @Test(
        "an address with invisible characters, or longer than any, is -32602, and nothing is sent",
        arguments: [
            "ada\u{200B}@example.com", "ada@example.com\u{0}x", "ada\u{202E}@example.com", "a\u{7}@example.com",
            String(repeating: "a", count: 400) + "@example.com",
        ], ["email", "crm"])
    func invisible(username: String, connection: String) async throws {
        try await AgentFixture.run { fixture in
            let error = await fixture.startError(.with(username: username, connection: connection))
            #expect(error?.code == .invalidParams)
            #expect(await fixture.tenant.requests().isEmpty)
        }
    }
}
