import DevTenant
import Foundation
import PosternProtocol
import Testing

@testable import Agent

@Suite("A sign-in that was ended or replaced")
struct UnrevokedTests {
    /// Signs in twice, the second time while the tenant takes no revocation.
    private static func replace(_ fixture: AgentFixture, times: Int = 1) async throws {
        try await fixture.signIn()
        await fixture.tenant.order(.page(503), at: .revoke, times: times)
        for count in 1...times {
            fixture.clock.advance(by: 60)
            try await fixture.signIn()
            try await fixture.tenant.requestArrived(at: .revoke, count: count)
            _ = try await fixture.account.revocation?.value
        }
    }

    private static func set(persist: String, _ fixture: AgentFixture) async throws {
        let lines = try String(contentsOfFile: fixture.files.configurationPath, encoding: .utf8)
            .split(separator: "\n").map(String.init).filter { !$0.hasPrefix("persist") }
        try fixture.files.writeConfiguration(lines + ["persist = \(persist)"])
        try await fixture.agent.applyConfiguration()
    }

    @Test("what it has replaced is revoked at the sign-out, also under other settings", arguments: [true, false])
    func replaced(isEdited: Bool) async throws {
        try await AgentFixture.run { fixture in
            try await Self.replace(fixture)
            if isEdited { try await fixture.reconfigure(adding: ["scope = openid offline_access"]) }
            #expect(try await fixture.agent.logout(Logout()).revoked)
            // Tried in vain, and then both.
            #expect(await fixture.tenant.requests(to: .revoke).count == 3)
        }
    }

    @Test("a sign-out says that it could not be, however many they are", arguments: [1, 12])
    func refused(times: Int) async throws {
        try await AgentFixture.run { fixture in
            try await Self.replace(fixture, times: times)
            await fixture.tenant.order(.page(503), at: .revoke, times: times + 1)
            let answer = try await fixture.agent.logout(Logout())
            #expect(!answer.revoked && answer.reason != nil)
        }
    }

    @Test("no refresh tries it again, and a sign-out tries it once more and no oftener")
    func tries() async throws {
        try await AgentFixture.run { fixture in
            try await Self.replace(fixture)
            for _ in 1...3 {
                fixture.clock.advance(by: 5)
                _ = try await fixture.token(.with(force: true))
                _ = try await fixture.account.revocation?.value
            }
            #expect(await fixture.tenant.requests(to: .revoke).count == 1)
            await fixture.tenant.order(.page(503), at: .revoke, times: 9)
            #expect(try await fixture.agent.logout(Logout()).revoked == false)
            // The sign-in itself, and what it has replaced.
            #expect(await fixture.tenant.requests(to: .revoke).count == 3)
        }
    }

    @Test("a sign-out waits for a revocation under way, and says if it fails")
    func underWay() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.tenant.order(.holdAnswer, at: .revoke)
            await fixture.tenant.order(.page(503), at: .revoke, times: 3)
            try await fixture.signIn()
            try await fixture.tenant.requestArrived(at: .revoke)
            async let answer = fixture.agent.logout(Logout())
            await fixture.tenant.release()
            #expect(try await answer.revoked == false)
        }
    }

    @Test(
        "one that a locked keyring has does not come back, whatever is saved or deleted elsewhere meanwhile",
        arguments: [true, false])
    func otherCollection(signsIn: Bool) async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            fixture.store.state.change { $0.isDefaultLocked = true }
            #expect(try await fixture.agent.logout(Logout()).deleted == false)
            try await Self.set(persist: "session", fixture)
            let next = try await fixture.restarted()
            #expect(await next.tokenError()?.code == .loginRequired)
            if signsIn { try await next.signIn() }
            try await Self.set(persist: "keyring", next)
            let last = try await fixture.restarted()
            fixture.store.state.change { $0.isDefaultLocked = false }
            #expect(await last.tokenError()?.code == .loginRequired)
            _ = try await last.wake()
            #expect(fixture.store.record() == nil)
        }
    }
}
