import DevTenant
import Foundation
import PosternProtocol
import Testing

@testable import Agent

@Suite("An account in another's place")
struct SuccessionTests {
    private static let others = ["scope = openid offline_access"]

    /// Has a refresh rotate while the keyring takes no more than the intent.
    private static func rotateUnsaved(_ fixture: AgentFixture) async throws {
        try await fixture.signIn()
        fixture.store.fail(.failing("mute"), afterWrites: 1)
        _ = try await fixture.token(.with(force: true))
        #expect(try await fixture.status.saved == false)
    }

    /// Puts other settings in force, and returns what puts back those that there were.
    private static func reconfigure(_ fixture: AgentFixture) async throws -> () async throws -> Void {
        let before = try String(contentsOfFile: fixture.files.configurationPath, encoding: .utf8)
        try await fixture.reconfigure(adding: others)
        return {
            try fixture.files.writeConfiguration([before])
            try await fixture.agent.applyConfiguration()
        }
    }

    @Test("a late save never comes over what the successor has saved")
    func lateSave() async throws {
        try await AgentFixture.run { fixture in
            try await Self.rotateUnsaved(fixture)
            let replaced = try await fixture.account
            _ = try await Self.reconfigure(fixture)
            fixture.store.fail(nil)
            try await fixture.signIn()
            let record = fixture.store.record()
            fixture.clock.advance(by: 60)
            _ = await replaced.wake()
            #expect(fixture.store.record() == record)
            #expect(await fixture.agent.accounts.withRetired.count == 1)
        }
    }

    @Test("a late deletion never takes what the successor has saved")
    func lateDeletion() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let replaced = try await fixture.account
            fixture.store.fail(.locked)
            #expect(try await fixture.agent.logout(.init()).deleted == false)
            _ = try await Self.reconfigure(fixture)
            fixture.store.fail(nil)
            try await fixture.signIn()
            fixture.clock.advance(by: 60)
            _ = await replaced.wake()
            #expect(try await fixture.restarted().token().from == .cache)
        }
    }

    @Test("a save under way is waited for, and then replaced")
    func saveUnderWay() async throws {
        try await AgentFixture.run { fixture in
            try await Self.rotateUnsaved(fixture)
            let replaced = try await fixture.account
            _ = try await Self.reconfigure(fixture)
            fixture.store.fail(nil)
            let login = try await fixture.startLogin()
            let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
            fixture.store.hold()
            fixture.clock.advance(by: 60)
            async let late = replaced.wake()
            try await fixture.store.callHeld()
            async let signedIn = fixture.answer(login, code: code)
            try await fixture.tenant.requestArrived(at: .token, count: 3)
            fixture.store.release()
            _ = await late
            _ = try await signedIn
            #expect(try await fixture.restarted().token().from == .cache)
        }
    }

    @Test("what could not be saved still is, as long as the successor has nothing to save")
    func savedYet() async throws {
        try await AgentFixture.run { fixture in
            try await Self.rotateUnsaved(fixture)
            let replaced = try await fixture.account
            let restore = try await Self.reconfigure(fixture)
            fixture.store.fail(nil)
            #expect(await fixture.tokenError()?.code == .loginRequired)
            fixture.clock.advance(by: 60)
            _ = await replaced.wake()
            try await restore()
            #expect(try await fixture.token(.with(force: true)).from == .refresh)
            #expect(await fixture.refreshes.map(\.refreshToken?.generation) == [0, 1])
        }
    }

    @Test("settings that are put back find what could not be saved, not what was before", arguments: [false, true])
    func putBack(isHealed: Bool) async throws {
        try await AgentFixture.run { fixture in
            try await Self.rotateUnsaved(fixture)
            let restore = try await Self.reconfigure(fixture)
            try await restore()
            if isHealed { fixture.store.fail(nil) }
            #expect(try await fixture.token().from == .cache)
            fixture.store.fail(nil)
            #expect(try await fixture.token(.with(force: true)).from == .refresh)
            #expect(await fixture.refreshes.map(\.refreshToken?.generation) == [0, 1])
            #expect(await fixture.agent.accounts.withRetired.count == 1)
        }
    }
}
