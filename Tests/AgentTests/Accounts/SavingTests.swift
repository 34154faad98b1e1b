import DevTenant
import KeyringProtocol
import PosternProtocol
import Testing

@testable import Agent

@Suite("Saving a refresh")
struct SavingTests {
    @Test("the intent is in the keyring before the request is sent, and gone with its result")
    func writeAhead() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.order(.hold)
            async let token = fixture.token(.with(force: true))
            try await fixture.tenant.requestHeld(at: .token, grant: .refreshToken)
            #expect(fixture.store.record()?.contains("refreshing_since") == true)
            await fixture.tenant.release()
            _ = try await token
            #expect(fixture.store.record()?.contains("refreshing_since") == false)
        }
    }

    @Test("what a sign-in replaces is revoked once the keyring has the new one, and not before")
    func replaced() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let login = try await fixture.startLogin()
            fixture.store.fail(.locked)
            _ = try await fixture.answer(login, code: try await fixture.tenant.nextCode(for: AgentFixture.person))
            // The next process would find the first sign-in, and it is good.
            let next = try await fixture.restarted()
            fixture.store.fail(nil)
            #expect(try await next.token(.with(force: true)).from == .refresh)
            #expect(await fixture.tenant.requests(to: .revoke).isEmpty)

            fixture.clock.advance(by: 5)
            _ = try await fixture.wake()
            try await fixture.tenant.requestArrived(at: .revoke)
            #expect(try await fixture.status.saved)
        }
    }

    @Test("a token leaves only after its refresh token was saved")
    func order() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.order(.hold)
            async let token = fixture.token(.with(force: true))
            try await fixture.tenant.requestHeld(at: .token, grant: .refreshToken)
            let before = try await fixture.account.served.credentials
            fixture.store.hold()
            await fixture.tenant.release()
            try await fixture.store.callHeld()
            #expect(try await fixture.account.served.credentials == before)
            fixture.store.release()
            _ = try await token
            #expect(try await fixture.account.served.credentials != before)
        }
    }

    @Test(
        "a keyring that takes no intent keeps the refresh token unspent",
        arguments: [
            (SecretStoreError.locked, AgentError.Code.keyringLocked), (.absent("gone"), .keyringUnavailable),
            (.failing("no space"), .keyringUnavailable),
        ])
    func unwritable(failure: SecretStoreError, code: AgentError.Code) async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            try await fixture.expireToken()
            fixture.store.fail(failure)
            #expect(await fixture.tokenError()?.code == code)
            #expect(await fixture.refreshes.isEmpty)
            fixture.store.fail(nil)
            #expect(try await fixture.token().from == .refresh)
        }
    }

    @Test("a save that fails after the answer does not keep the token back, and is repeated until it succeeds")
    func failedSave() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            fixture.store.fail(.failing("no space"), afterWrites: 1)
            let token = try await fixture.token(.with(force: true))
            #expect(token.from == .refresh)
            #expect(try await fixture.status.saved == false)
            for ceiling in [1.0, 2, 4] {
                let next = try #require(try await fixture.wake())
                #expect((0.1...ceiling).contains(next))
                fixture.clock.advance(by: ceiling)
            }
            fixture.store.fail(nil)
            _ = try await fixture.wake()
            #expect(try await fixture.status.saved)
            #expect(try await fixture.restarted().token().accessToken == token.accessToken)
        }
    }

    @Test("the pause between saves never grows past a minute")
    func cap() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            fixture.store.fail(.absent("gone"), afterWrites: 1)
            _ = try await fixture.token(.with(force: true))
            for _ in 1...12 {
                let next = try #require(try await fixture.wake())
                #expect(next <= 60)
                fixture.clock.advance(by: 60)
            }
        }
    }

    @Test("a save that failed on a locked keyring is repeated every five seconds")
    func locked() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            fixture.store.fail(.locked, afterWrites: 1)
            _ = try await fixture.token(.with(force: true))
            for _ in 1...3 {
                let next = try #require(try await fixture.wake())
                #expect(next == 5)
                fixture.clock.advance(by: 5)
            }
        }
    }

    @Test(
        "a record of another issuer, client, audience or scope is never used",
        arguments: [
            "client_id = another", "audience = https://api.example.com", "scope = openid offline_access",
            "issuer = https://elsewhere.example.com",
        ])
    func binding(line: String) async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let record = fixture.store.record()
            let key = line.prefix { $0 != " " }
            let lines = ["[profile work]", "issuer = \(await fixture.tenant.issuer)", "client_id = postern-dev"]
            try fixture.files.writeConfiguration(lines.filter { !$0.hasPrefix(key) } + [line])
            let next = try await fixture.restarted()
            #expect(await next.tokenError()?.data.cause == "settings_changed")
            #expect(fixture.store.record() == record)
            #expect(await fixture.refreshes.isEmpty)
        }
    }

    @Test(
        "a damaged record and one of a later format are errors of the keyring, and stay as they are until somebody acts",
        arguments: [
            ("", "corrupt"), ("{}", "corrupt"), (#"{"version":1}"#, "corrupt"),
            (#"{"version":3}"#, "unsupported_version"),
        ])
    func unreadable(record: String, cause: String) async throws {
        try await AgentFixture.run { fixture in
            let item = KeyringItem(kind: .session, profile: "work", collection: .default)
            try await fixture.store.save(record, as: item)
            let error = await fixture.tokenError()
            #expect(error?.code == .keyringUnavailable)
            #expect(error?.data.cause == cause)
            #expect(fixture.store.record() == record)
            // A sign-in may replace what is damaged, but not what another program will want.
            guard cause == "corrupt" else {
                #expect(await fixture.startError() == error)
                return
            }
            try await fixture.signIn()
            #expect(try await fixture.restarted().token().from == .cache)
        }
    }

    @Test("a restart serves the token that was saved")
    func restart() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let token = try await fixture.token()
            let next = try await fixture.restarted().token()
            #expect(next.accessToken == token.accessToken)
            #expect(next.from == .cache)
            #expect(next.expiresAt == token.expiresAt)
        }
    }

    @Test("a keyring that is locked at the start is 1004, not signed out, and is looked at every five seconds")
    func lockedAtStart() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let next = try await fixture.restarted()
            fixture.store.fail(.locked)
            #expect(await next.tokenError()?.code == .keyringLocked)
            #expect(try await next.status.state == .locked)
            let due = try #require(try await next.wake())
            #expect(due == 5)
            fixture.store.fail(nil)
            next.clock.advance(by: 5)
            _ = try await next.wake()
            #expect(try await next.status.state == .signedIn)
            #expect(try await next.token().from == .cache)
        }
    }

    @Test("persist = memory saves nothing")
    func memory() async throws {
        try await AgentFixture.run(["persist = memory"]) { fixture in
            try await fixture.signIn()
            _ = try await fixture.token(.with(force: true))
            #expect(fixture.store.state.value.secrets.isEmpty)
            let next = try await fixture.restarted()
            #expect(await next.tokenError()?.data.cause == "never")
        }
    }

    @Test("persist = session saves in the session collection")
    func session() async throws {
        try await AgentFixture.run(["persist = session"]) { fixture in
            try await fixture.signIn()
            #expect(fixture.store.state.value.secrets.keys.map(\.collection) == [.session])
        }
    }
}
