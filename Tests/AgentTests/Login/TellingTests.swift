import DevTenant
import PosternProtocol
import Testing

@testable import Agent

@Suite("What is told of who did what")
struct TellingTests {
    @Test("a login's beginning and its end, with the masked address, the process and the account")
    func login() async throws {
        try await AgentFixture.run { fixture in
            let log = EventLog(fixture.agent)
            try await fixture.signIn()
            let begun = try #require(log.events.first)
            #expect(begun.type == .loginStarted && begun.profile == "work")
            #expect(begun.sentTo == "a***@example.com")
            #expect(begun.pid == 4711)
            #expect(log.events.last?.account?.email == AgentFixture.person)
            #expect(
                fixture.log.lines.contains(
                    "notice: A sign-in has begun. pid=4711 profile=work sent_to=a***@example.com"))
            #expect(fixture.log.lines.contains("notice: Signed in. pid=4711 profile=work sent_to=a***@example.com"))
            #expect(!fixture.log.lines.contains { $0.contains(AgentFixture.person) })
        }
    }

    @Test("a login that is joined or refused is not begun; one born of a refresh is, with no address")
    func begun() async throws {
        try await AgentFixture.runRefreshing { fixture in
            let log = EventLog(fixture.agent)
            _ = try await fixture.demand()
            _ = try await fixture.demand()
            _ = try await fixture.startLogin()
            let begun = log.events.filter { $0.type == .loginStarted }
            #expect(begun.count == 1)
            #expect(begun.first?.sentTo == nil)
            #expect(begun.first?.pid == 4711)
            await fixture.tenant.order(.page(503), at: .start)
            _ = await fixture.startError(.with(restart: true))
            #expect(log.kinds.filter { $0 == .loginStarted }.count == 1)
        }
    }

    @Test("a factor that is added or removed, by whatever way")
    func factors() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let log = EventLog(fixture.agent)
            guard case .login(let login) = try await fixture.agent.listFactors(ListFactors()) else { return }
            _ = try await fixture.answer(login, code: try await fixture.tenant.nextCode(for: AgentFixture.person))
            var request = EnrollFactor(type: "phone")
            request.phoneNumber = AgentFixture.phone
            let enrolling = try await fixture.agent.enrollFactor(request)
            #expect(!log.kinds.contains(.factorAdded))
            _ = try await fixture.answer(enrolling, code: try await fixture.tenant.nextCode(for: AgentFixture.phone))
            #expect(log.kinds.filter { $0 == .factorAdded }.count == 1)
            let factor = try #require(await fixture.tenant.authenticators(of: AgentFixture.person).first).id
            _ = try await fixture.agent.removeFactor(RemoveFactor(id: factor))
            #expect(log.events.last?.type == .factorRemoved && log.events.last?.factor == factor)
            let lines = fixture.log.lines
            #expect(lines.contains { $0.hasPrefix("notice: A factor was added.") && $0.contains("sent_to=***0100") })
            #expect(lines.contains("notice: A factor was removed. factor=\(factor) pid=4711 profile=work"))
        }
        try await AgentFixture.run(factors: []) { fixture in
            let log = EventLog(fixture.agent)
            _ = try await fixture.answerTOTP(try await fixture.enroll(.otp, try await fixture.passCode()))
            #expect(log.kinds == [.loginStarted, .factorAdded, .signedIn])
        }
        try await AgentFixture.run(factors: []) { fixture in
            let log = EventLog(fixture.agent)
            let login = try await fixture.enroll(.push, try await fixture.passCode())
            try await fixture.tenant.approvePush(for: AgentFixture.person)
            try await fixture.poll(1, after: 6)
            #expect(try await fixture.end(of: login).kind == "signed_in")
            #expect(log.kinds.filter { $0 == .factorAdded }.count == 1)
        }
    }

    @Test("a sign-out, a profile and a client secret, with the process and without the secret")
    func settings() async throws {
        try await AgentFixture.run(["client_auth = client_secret_post"]) { fixture in
            let log = EventLog(fixture.agent)
            try await fixture.agent.setClientSecret(SetClientSecret(profile: "work", secret: "hush-hush"))
            #expect(log.events.last?.type == .secretSet && log.events.last?.secretKind == "secret")
            let settings: [AddProfile.Key: String] = [.issuer: await fixture.tenant.issuer, .clientID: "x"]
            try await fixture.agent.addProfile(AddProfile(name: "more", settings: settings))
            #expect(log.events.contains { $0.type == .profileAdded && $0.profile == "more" })
            try await fixture.agent.removeProfile(RemoveProfile(name: "more"))
            #expect(log.events.last?.type == .profileRemoved && log.events.last?.profile == "more")
            try await fixture.agent.logout(Logout())
            for words in [
                "A client secret was set. pid=4711 profile=work", "A profile was added. pid=4711 profile=more",
                "A profile was removed. pid=4711 profile=more", "A sign-out was asked for. pid=4711 profile=work",
            ] { #expect(fixture.log.lines.contains("notice: \(words)")) }
            #expect(!fixture.log.lines.contains { $0.contains("hush") })
        }
    }

    @Test("the configured address and the default stand in a profile's status")
    func status() async throws {
        try await AgentFixture.run(["username = Eve@example.com"]) { fixture in
            let status = try #require(try await fixture.agent.listProfiles(ListProfiles()).profiles.first)
            #expect(status.username == "Eve@example.com")
            #expect(status.isDefault == true)
        }
    }
}
