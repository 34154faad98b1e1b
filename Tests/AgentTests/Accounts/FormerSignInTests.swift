import DevTenant
import Foundation
import KeyringProtocol
import PosternProtocol
import Testing

@testable import Agent

@Suite("A sign-in under other settings")
struct FormerSignInTests {
    private static let edits = ["scope = openid offline_access", "audience = https://api.example.com"]

    /// Puts a line of the profile's group in force.
    private static func edit(_ fixture: AgentFixture, _ line: String) async throws -> () async throws -> Void {
        let before = try String(contentsOfFile: fixture.files.configurationPath, encoding: .utf8)
        try await fixture.reconfigure(adding: [line])
        return {
            try fixture.files.writeConfiguration([before])
            try await fixture.agent.applyConfiguration()
        }
    }

    private static func revoked(_ fixture: AgentFixture) async -> [Int?] {
        await fixture.tenant.requests(to: .revoke).map { $0.refreshToken?.generation }
    }

    private static func withAPI(_ options: inout Options) {
        options.apis = [API(identifier: "https://api.example.com")]
    }

    @Test(
        "it is 1001 settings_changed, its refresh token goes nowhere, and settings that are put back find it",
        arguments: edits)
    func unused(line: String) async throws {
        try await AgentFixture.run(tenant: Self.withAPI) { fixture in
            try await fixture.signIn()
            let restore = try await Self.edit(fixture, line)
            let error = await fixture.tokenError(.with(force: true))
            #expect(error?.code == .loginRequired && error?.data.cause == "settings_changed")
            let status = try await fixture.status
            #expect(status.state == .loginRequired && status.account == nil)
            #expect(status.lastError?.data.cause == "settings_changed")
            try await restore()
            #expect(try await fixture.token().from == .cache)
            #expect(await Self.revoked(fixture).isEmpty)
        }
    }

    @Test("a sign-out revokes it where it was issued, after a restart too, and only then says so", arguments: edits)
    func signOut(line: String) async throws {
        try await AgentFixture.run(tenant: Self.withAPI) { fixture in
            try await fixture.signIn()
            _ = try await Self.edit(fixture, line)
            let next = try await fixture.restarted()
            #expect(try await next.agent.logout(Logout()) == Logout.Response(revoked: true, deleted: true))
            #expect(await Self.revoked(fixture) == [0])
            #expect(fixture.store.record() == nil)
            #expect(await next.tokenError()?.data.cause == "never")
        }
    }

    @Test("one whose tenant cannot be reached any more is said not to be revoked")
    func unreachable() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.tenant.order(.hangUp, at: .revoke)
            _ = try await Self.edit(fixture, Self.edits[0])
            let answer = try await fixture.agent.logout(Logout())
            #expect(!answer.revoked && answer.deleted)
            #expect(answer.reason?.isEmpty == false)
        }
    }

    @Test("a sign-out that is not to revoke makes no request for it, and does not claim to have")
    func withoutRevoking() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            _ = try await Self.edit(fixture, Self.edits[0])
            #expect(try await fixture.agent.logout(Logout(revoke: false)).revoked == false)
            #expect(await Self.revoked(fixture).isEmpty)
        }
    }

    @Test("a sign-in revokes it, once the keyring has the new one", arguments: edits)
    func replaced(line: String) async throws {
        try await AgentFixture.run(tenant: Self.withAPI) { fixture in
            try await fixture.signIn()
            _ = try await Self.edit(fixture, line)
            try await fixture.signIn()
            try await fixture.tenant.requestArrived(at: .revoke)
            #expect(await Self.revoked(fixture) == [0])
            #expect(try await fixture.token(.with(force: true)).from == .refresh)
        }
    }

    @Test("what the keyring had not taken of it is revoked, too, by the newest refresh token")
    func unsaved() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            fixture.store.fail(.failing("mute"), afterWrites: 1)
            _ = try await fixture.token(.with(force: true))
            _ = try await Self.edit(fixture, Self.edits[0])
            fixture.store.fail(nil)
            try await fixture.signIn()
            try await fixture.tenant.requestArrived(at: .revoke, count: 2)
            #expect(await Set(Self.revoked(fixture)) == [0, 1])
        }
    }

    @Test(
        "one that lies elsewhere, because persist was changed, is found by a sign-out and by a sign-in",
        arguments: [
            ("keyring", "memory"), ("keyring", "session"), ("session", "keyring"), ("memory", "keyring"),
        ], [true, false])
    func elsewhere(places: (String, String), signsOut: Bool) async throws {
        try await AgentFixture.run(["persist = \(places.0)"]) { fixture in
            try await fixture.signIn()
            let text = try String(contentsOfFile: fixture.files.configurationPath, encoding: .utf8)
            try fixture.files.writeConfiguration([
                text.replacing("persist = \(places.0)", with: "persist = \(places.1)")
            ])
            try await fixture.agent.applyConfiguration()
            if signsOut {
                #expect(try await fixture.agent.logout(Logout()).revoked)
                #expect(fixture.store.state.value.secrets.isEmpty)
            } else {
                try await fixture.signIn()
                try await fixture.tenant.requestArrived(at: .revoke)
                #expect(try await fixture.token(.with(force: true)).from == .refresh)
            }
            #expect(await Self.revoked(fixture) == [0])
        }
    }

    @Test(
        "a profile for memory alone keeps its sign-in over an edit that is taken back, and loses no valid token by one that stays"
    )
    func memory() async throws {
        try await AgentFixture.run(["persist = memory"]) { fixture in
            try await fixture.signIn()
            let restore = try await Self.edit(fixture, Self.edits[0])
            #expect(await fixture.tokenError()?.data.cause == "settings_changed")
            try await restore()
            #expect(try await fixture.token().from == .cache)
            _ = try await Self.edit(fixture, Self.edits[0])
            try await fixture.signIn()
            try await fixture.tenant.requestArrived(at: .revoke)
            #expect(await Self.revoked(fixture) == [0])
        }
    }

    /// Puts the file in force with this `persist`, and perhaps another line.
    private static func set(persist: String, _ fixture: AgentFixture, _ line: String = "") async throws {
        let lines = try String(contentsOfFile: fixture.files.configurationPath, encoding: .utf8)
            .split(separator: "\n").map(String.init).filter { !$0.hasPrefix("persist") && !$0.hasPrefix("language") }
        try fixture.files.writeConfiguration(lines + ["persist = \(persist)", line])
        try await fixture.agent.applyConfiguration()
    }

    @Test("what was in memory alone is remembered over any number of edits, and never comes back once it was ended")
    func memoryOverEdits() async throws {
        try await AgentFixture.run(["persist = memory"]) { fixture in
            try await fixture.signIn()
            try await Self.set(persist: "keyring", fixture)
            #expect(await fixture.tokenError()?.data.cause == "settings_changed")
            try await Self.set(persist: "keyring", fixture, "language = de")
            try await Self.set(persist: "session", fixture)
            #expect(try await fixture.agent.logout(Logout()).revoked)
            #expect(await Self.revoked(fixture) == [0])
            try await Self.set(persist: "memory", fixture)
            #expect(await fixture.tokenError()?.data.cause == "never")
        }
    }

    @Test("two edits of a profile for memory alone lose no valid token either")
    func memoryTwice() async throws {
        try await AgentFixture.run(["persist = memory"]) { fixture in
            try await fixture.signIn()
            _ = try await Self.edit(fixture, Self.edits[0])
            try await Self.set(persist: "keyring", fixture)
            #expect(try await fixture.agent.logout(Logout()).revoked)
            #expect(await Self.revoked(fixture) == [0])
        }
    }

    @Test(
        "a keyring whose default collection is the session's does not have the sign-in taken for one that lies elsewhere"
    )
    func oneCollection() async throws {
        try await AgentFixture.run { fixture in
            fixture.store.state.change { $0.isOneCollection = true }
            try await fixture.signIn()
            #expect(try await fixture.token(.with(force: true)).from == .refresh)
            _ = try await fixture.account.revocation?.value
            #expect(await Self.revoked(fixture).isEmpty)
            #expect(try await fixture.restarted().token().from == .cache)
        }
    }

    @Test("one that lies elsewhere in a locked keyring does not come back after a sign-out")
    func lockedElsewhere() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            try await Self.set(persist: "memory", fixture)
            let next = try await fixture.restarted()
            fixture.store.fail(.locked)
            _ = try await next.agent.logout(Logout())
            fixture.store.fail(nil)
            try await Self.set(persist: "keyring", next)
            #expect(await next.tokenError()?.data.cause == "never")
            #expect(fixture.store.record() == nil)
        }
    }

    @Test("what the keyring could not take of it before persist was changed is not saved after a sign-out")
    func lateSave() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            fixture.store.fail(.locked, afterWrites: 1)
            _ = try await fixture.token(.with(force: true))
            let elder = try await fixture.account
            try await Self.set(persist: "memory", fixture)
            #expect(try await fixture.agent.logout(Logout()).revoked == false, "nobody can look into a locked keyring")
            let revoked = await Self.revoked(fixture)
            #expect(revoked.first == 1, "\(revoked)")
            fixture.store.fail(nil)
            fixture.clock.advance(by: 60)
            _ = await elder.wake()
            try await Self.set(persist: "keyring", fixture)
            #expect(await fixture.tokenError()?.data.cause == "never")
            #expect(fixture.store.record() == nil)
        }
    }

    @Test("a keyring that is not there has nothing to say, and what it had does not come back")
    func absentKeyring() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            try await Self.set(persist: "memory", fixture)
            let next = try await fixture.restarted()
            fixture.store.fail(.absent("no provider"))
            #expect(try await next.agent.logout(Logout()).revoked)
            fixture.store.fail(nil)
            try await Self.set(persist: "keyring", next)
            #expect(await next.tokenError()?.data.cause == "never")
        }
    }

    @Test("what a sign-in replaces and the tenant could not be told of is told of at the sign-out")
    func unrevoked() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            _ = try await Self.edit(fixture, Self.edits[0])
            await fixture.tenant.order(.page(503), at: .revoke)
            try await fixture.signIn()
            _ = try await fixture.account.revocation?.value
            #expect(await fixture.tenant.requests(to: .revoke).count == 1)
            #expect(try await fixture.agent.logout(Logout()).revoked)
            #expect(await fixture.tenant.requests(to: .revoke).count == 3)
        }
    }

    @Test("one that lies elsewhere does not come back after a sign-out that the tenant could not be told of")
    func offlineElsewhere() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            try await Self.set(persist: "memory", fixture)
            let next = try await fixture.restarted()
            await fixture.tenant.order(.hangUp, at: .revoke)
            #expect(try await next.agent.logout(Logout()).revoked == false)
            try await Self.set(persist: "keyring", next)
            #expect(await next.tokenError()?.data.cause == "never")
            #expect(fixture.store.record() == nil)
        }
    }
}
