import Auth0
import DevTenant
import Foundation
import KeyringProtocol
import PosternProtocol
import Testing

@testable import Agent

@Suite("A sign-in that ends with the session")
struct SessionEndTests {
    private static func sessions(_ display: String?, _ open: Set<String>) -> DesktopState.News {
        .sessions(.init(display: display, open: open))
    }

    /// Runs with somebody signed in in session 2.
    private static func run(
        _ persist: String = "session", _ body: @escaping @Sendable (AgentFixture) async throws -> Void
    ) async throws {
        try await AgentFixture.run(["persist = \(persist)"]) { fixture in
            await fixture.agent.desktopChanged(sessions("2", ["2"]))
            try await fixture.signIn()
            try await body(fixture)
        }
    }

    private static func expectEnded(_ fixture: AgentFixture) async throws {
        let error = try #require(await fixture.tokenError())
        #expect(error.code == .loginRequired && error.data.cause == "expired")
        #expect(try await fixture.status.state == .loginRequired)
        try await fixture.store.forgot(in: .session)
    }

    @Test("it ends when its session does, in the keyring and at the tenant too, and the person is told")
    func end() async throws {
        try await Self.run { fixture in
            let events = EventLog(fixture.agent)
            #expect(try await fixture.status.session == DesktopSession(id: "2", state: .active))
            #expect(fixture.store.record(in: .session) != nil)
            await fixture.agent.desktopChanged(Self.sessions(nil, []))
            try await Self.expectEnded(fixture)
            #expect(try await events.event(.loginRequired).cause == "expired")
            try await fixture.tenant.requestAnswered(at: .revoke)
        }
    }

    @Test("another session of the person neither ends nor prolongs it")
    func others() async throws {
        try await Self.run { fixture in
            await fixture.agent.desktopChanged(Self.sessions("5", ["2", "5"]))
            #expect(try await fixture.status.session == DesktopSession(id: "2", state: .active))
            await fixture.agent.desktopChanged(Self.sessions("2", ["2"]))
            #expect(try await fixture.token().from == .cache)
            await fixture.agent.desktopChanged(Self.sessions("5", ["2", "5"]))
            await fixture.agent.desktopChanged(Self.sessions("5", ["5"]))
            try await Self.expectEnded(fixture)
        }
    }

    @Test("a session whose identifier is absurd leaves a record that can be read again")
    func absurdIdentifier() async throws {
        let id = String(repeating: "x", count: 10_000)
        try await AgentFixture.run(["persist = session"]) { fixture in
            await fixture.agent.desktopChanged(Self.sessions(id, [id]))
            try await fixture.signIn()
            let record = try #require(fixture.store.record(in: .session))
            let credentials = try Credentials(json: record, at: fixture.clock)
            #expect(credentials.session?.id == "")
            await fixture.agent.desktopChanged(Self.sessions(nil, []))
            try await Self.expectEnded(fixture)
        }
    }

    @Test("with persist = keyring or memory it outlives the session", arguments: ["keyring", "memory"])
    func kept(persist: String) async throws {
        try await Self.run(persist) { fixture in
            await fixture.agent.desktopChanged(Self.sessions(nil, []))
            let token = try await fixture.token()
            #expect(token.from == .cache)
        }
    }

    @Test("it is the session in which the sign-in was begun that counts")
    func begunIn() async throws {
        try await AgentFixture.run(["persist = session"]) { fixture in
            await fixture.agent.desktopChanged(Self.sessions("2", ["2"]))
            let login = try await fixture.startLogin()
            await fixture.agent.desktopChanged(Self.sessions("5", ["2", "5"]))
            _ = try await fixture.answer(login, code: try await fixture.tenant.nextCode(for: AgentFixture.person))
            #expect(try await fixture.status.session?.id == "2")
        }
    }

    @Test("who signed in without a session is signed out with the last one that there is")
    func withoutSession() async throws {
        try await AgentFixture.run(["persist = session"]) { fixture in
            await fixture.agent.desktopChanged(Self.sessions(nil, []))
            try await fixture.signIn()
            await fixture.agent.desktopChanged(Self.sessions("5", ["5", "6"]))
            await fixture.agent.desktopChanged(Self.sessions("6", ["6"]))
            #expect(try await fixture.token().from == .cache)
            await fixture.agent.desktopChanged(Self.sessions(nil, []))
            try await Self.expectEnded(fixture)
        }
    }

    @Test("a login manager that is away as the last session ends changes nothing in that")
    func withoutSessionOrLoginManager() async throws {
        try await AgentFixture.run(["persist = session"]) { fixture in
            await fixture.agent.desktopChanged(Self.sessions(nil, []))
            try await fixture.signIn()
            await fixture.agent.desktopChanged(Self.sessions("5", ["5"]))
            await fixture.agent.desktopChanged(.sessions(nil))
            #expect(try await fixture.token().from == .cache)
            await fixture.agent.desktopChanged(Self.sessions(nil, []))
            try await Self.expectEnded(fixture)
        }
    }

    @Test("an agent that is started in the same session goes on with it; one that finds it gone drops it unseen")
    func restart() async throws {
        try await Self.run { fixture in
            let same = try await fixture.restarted()
            async let token = same.token()
            try await same.clock.sleeper(within: 5...5)
            await same.agent.desktopChanged(Self.sessions("2", ["2"]))
            #expect(try await token.from == .cache)

            let later = try await fixture.restarted()
            await later.agent.desktopChanged(Self.sessions("3", ["3"]))
            try await Self.expectEnded(later)
            try await later.tenant.requestAnswered(at: .revoke)
            #expect(await later.refreshes.isEmpty)
        }
    }

    @Test("what systemd keeps of it is dropped as well")
    func unsaved() async throws {
        try await Self.run { fixture in
            fixture.store.fail(.failing("test"))
            try await fixture.expireToken()
            _ = try? await fixture.token()
            await fixture.agent.desktopChanged(Self.sessions(nil, []))
            let error = try #require(await fixture.tokenError())
            #expect(error.data.cause == "expired")
            #expect(try await fixture.account.record == nil)
        }
    }

    @Test("whoever waits for a refresh is told, and what the refresh brings is revoked and never served")
    func refreshing() async throws {
        try await Self.run { fixture in
            try await fixture.expireToken()
            // The tenant has rotated the token, and its answer is on its way.
            await fixture.order(.holdAnswer)
            async let error = fixture.tokenError()
            try await fixture.tenant.requestHeld(at: .token, grant: .refreshToken)
            await fixture.agent.desktopChanged(Self.sessions(nil, []))
            #expect(await error?.data.cause == "expired")
            await fixture.tenant.release()
            try await fixture.tenant.requestAnswered(at: .revoke, count: 2)
            try await Self.expectEnded(fixture)
        }
    }

    @Test("a keyring that hangs holds up neither the end of other sign-ins nor other news, nor the revocation")
    func hungKeyring() async throws {
        try await Self.run { fixture in
            fixture.store.hold()
            await fixture.agent.desktopChanged(Self.sessions(nil, []))
            try await fixture.tenant.requestAnswered(at: .revoke)
            #expect(await fixture.tokenError()?.data.cause == "expired")
            fixture.store.release()
            try await Self.expectEnded(fixture)
        }
    }

    @Test("a sign-in that was begun in a session is none after it, and what it brings is revoked")
    func begunBefore() async throws {
        try await AgentFixture.run(["persist = session"]) { fixture in
            await fixture.agent.desktopChanged(Self.sessions("2", ["2", "5"]))
            let login = try await fixture.startLogin()
            let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
            await fixture.agent.desktopChanged(Self.sessions("5", ["5"]))
            #expect(await fixture.answerError(login, code: code)?.code == .loginNotFound)
            try await fixture.tenant.requestAnswered(at: .revoke)
            #expect(await fixture.tokenError()?.data.cause == "never")
        }
    }

    @Test("nobody joins a sign-in that was begun in a session which is over")
    func joinedBefore() async throws {
        try await AgentFixture.run(["persist = session"]) { fixture in
            await fixture.agent.desktopChanged(Self.sessions("2", ["2"]))
            let login = try await fixture.startLogin()
            await fixture.agent.desktopChanged(Self.sessions("3", ["3"]))
            fixture.clock.advance(by: 30)
            #expect(try await fixture.startLogin().loginID != login.loginID)
        }
    }

    @Test("one without a session ends with the last one though the keyring could not be read at the time")
    func unreadAtTheEnd() async throws {
        try await AgentFixture.run(["persist = session"]) { fixture in
            await fixture.agent.desktopChanged(Self.sessions(nil, []))
            try await fixture.signIn()
            fixture.store.fail(.locked)
            let restarted = try await fixture.restarted()
            await restarted.agent.desktopChanged(Self.sessions("5", ["5"]))
            #expect(await restarted.tokenError(.with(wait: 0))?.code == .keyringLocked)
            restarted.clock.advance(by: 1)
            await restarted.agent.desktopChanged(Self.sessions(nil, []))
            fixture.store.fail(nil)
            try await Self.expectEnded(restarted)
        }
    }

    @Test("a record that says no session, of an earlier program, ends with the one that there is")
    func unmarked() async throws {
        try await Self.run { fixture in
            var credentials = try #require(await fixture.account.record)
            credentials.session = nil
            let item = KeyringItem(kind: .session, profile: "work", collection: .session)
            try await fixture.store.save(try credentials.json(at: fixture.clock), as: item)
            let restarted = try await fixture.restarted()
            await restarted.agent.desktopChanged(Self.sessions("2", ["2"]))
            #expect(try await restarted.token().from == .cache)
            await restarted.agent.desktopChanged(Self.sessions(nil, []))
            try await Self.expectEnded(restarted)
        }
    }

    @Test("what systemd kept of it is not used with another persist")
    func unsavedOfSession() async throws {
        try await Self.run("keyring") { fixture in
            var credentials = try #require(await fixture.account.record)
            credentials.session = SessionMark(id: "2", boot: "boot")
            fixture.store.forget()
            let unsaved = UnsavedRecords(inherited: [
                ("unsaved.1.work", try SealedFile.make(Secret(try credentials.json(at: fixture.clock))))
            ])
            let restarted = try await fixture.restarted(unsaved: unsaved)
            #expect(await restarted.tokenError()?.data.cause == "settings_changed")
        }
    }

    @Test("one that waits for its persist to be put back is revoked when its session ends")
    func handedOver() async throws {
        try await Self.run { fixture in
            let text = try String(contentsOfFile: fixture.files.configurationPath, encoding: .utf8)
            try fixture.files.writeConfiguration([text.replacingOccurrences(of: "persist = session", with: "")])
            try await fixture.agent.applyConfiguration()
            #expect(await fixture.tokenError()?.data.cause == "settings_changed")
            await fixture.agent.desktopChanged(Self.sessions(nil, []))
            try await fixture.tenant.requestAnswered(at: .revoke)
            #expect(await fixture.tokenError()?.data.cause == "expired")
        }
    }

    @Test("a person who signs in anew in the next session is signed in for that one")
    func again() async throws {
        try await Self.run { fixture in
            await fixture.agent.desktopChanged(Self.sessions(nil, []))
            await fixture.agent.desktopChanged(Self.sessions("3", ["3"]))
            try await fixture.signIn()
            #expect(try await fixture.status.session == DesktopSession(id: "3", state: .active))
            #expect(try await fixture.token().from == .cache)
        }
    }

    @Test("after a reboot it is remembered that somebody was signed in, and after a sign-out it is not")
    func remembered() async throws {
        try await Self.run { fixture in
            // The session collection is the provider's memory.
            fixture.store.forget()
            let rebooted = try await fixture.restarted()
            await rebooted.agent.desktopChanged(Self.sessions("1", ["1"]))
            try await Self.expectEnded(rebooted)
            try await rebooted.agent.logout(Logout())
            let next = try await rebooted.restarted()
            #expect(await next.tokenError()?.data.cause == "never")
        }
    }

    @Test("a record's session that no login manager can have named is no record's")
    func hostile() async throws {
        try await Self.run { fixture in
            let credentials = try #require(await fixture.account.record)
            var hostile = credentials
            hostile.session = SessionMark(id: String(repeating: "x", count: 65), boot: "boot")
            let json = try hostile.json(at: fixture.clock)
            #expect(throws: Credentials.Unreadable.self) { try Credentials(json: json, at: fixture.clock) }
            #expect(try Credentials(json: credentials.json(at: fixture.clock), at: fixture.clock).session?.id == "2")
        }
    }
}
