import DevTenant
import Foundation
import TestSupport
import Testing

@Suite("Signing out")
struct LogoutTests {
    private func note(_ agent: RunningAgent) -> Bool {
        FileManager.default.fileExists(
            atPath: agent.desktop.home.appending(path: ".local/state/postern/signed-out/profile.work").path)
    }

    @Test("revokes at the tenant, deletes the item, and nothing comes back")
    func logout() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let logout = try await agent.postern("logout")
            #expect(logout.exit == .status(0) && logout.output.isEmpty)
            #expect(await agent.tenant.requests(to: .revoke).map(\.status) == [200])
            #expect(try await agent.desktop.items().isEmpty)
            #expect(try await agent.refusal(of: "token.get")?.cause == "never")
            try await agent.restart()
            #expect(try await agent.postern("token").exit == .status(77))
            #expect(try await agent.status()["state"] == "signed_out")
            #expect(!note(agent))
        }
    }

    @Test("works offline, and says that the sign-in stays valid at the tenant")
    func offline() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            await agent.tenant.order(.page(503), at: .revoke, times: 10)
            let logout = try await agent.postern("logout")
            #expect(logout.exit == .status(75))
            #expect(logout.error.contains("valid there until"))
            #expect(try await agent.desktop.items().isEmpty)
            #expect(try await agent.refusal(of: "token.get")?.code == 1001)
        }
    }

    @Test("with a locked keyring the item is deleted after the unlock and never loaded")
    func locked() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            try await agent.desktop.lockKeyring()
            let logout = try await agent.postern("logout")
            #expect(logout.exit == .status(75))
            #expect(logout.error.contains("The keyring still has the refresh token"))
            #expect(await agent.tenant.requests(to: .revoke).map(\.status) == [200])
            #expect(try await agent.desktop.items().count == 1)
            #expect(note(agent))
            #expect(try await agent.refusal(of: "token.get")?.code == 1001)

            try await agent.stop()
            try await agent.desktop.unlockKeyring()
            try await agent.start()
            #expect(try await agent.postern("token").exit == .status(77))
            try await agent.awaitSaved()
            #expect(try await agent.desktop.items().isEmpty)
            #expect(!note(agent))
            #expect(try await agent.desktop.promptTraffic().isEmpty)
        }
    }

    @Test("the daemon catches up by itself once the keyring is unlocked")
    func catchesUp() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            try await agent.desktop.lockKeyring()
            let answer = try await agent.call("logout")
            #expect(answer["revoked"] == true && answer["deleted"] == false && answer["reason"]?.string != nil)
            try await agent.desktop.unlockKeyring()
            try await agent.awaitSaved()
            #expect(try await agent.desktop.items().isEmpty)
            #expect(!note(agent))
        }
    }

    @Test("a refresh under way does not bring the sign-in back, and its token is revoked")
    func duringRefresh() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            await agent.tenant.order(.holdAnswer, at: .token, grant: .refreshToken)
            let waiting = try agent.connect()
            try waiting.request("token.get", ["force": true])
            try await withDeadline { try await agent.tenant.requestHeld(at: .token, grant: .refreshToken) }
            try await agent.call("logout")
            #expect(try await waiting.answer()?["error"]?["code"] == 1001)
            await agent.tenant.release()
            try await withDeadline { try await agent.tenant.requestArrived(at: .revoke, count: 2) }
            #expect(try await agent.refusal(of: "token.get")?.cause == "never")
            #expect(try await agent.desktop.items().isEmpty)
        }
    }

    @Test("who is signed out already may sign out again")
    func again() async throws {
        try await withRunningAgent { agent in
            let answer = try await agent.call("logout")
            #expect(answer["revoked"] == true && answer["deleted"] == true && answer["reason"] == nil)
            #expect(try await agent.postern("logout").exit == .status(0))
            #expect(await agent.tenant.requests().isEmpty)
        }
    }

    @Test("revoke can be left out")
    func withoutRevoking() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            #expect(try await agent.postern("logout", "--no-revoke").exit == .status(0))
            #expect(await agent.tenant.requests(to: .revoke).isEmpty)
            #expect(try await agent.desktop.items().isEmpty)
        }
    }

    @Test("--all signs out of every profile")
    func all() async throws {
        try await withRunningAgent { agent in
            try agent.configure(await agent.profile("a") + agent.profile("b"))
            try await agent.call("agent.reload")
            try await agent.signIn("a")
            try await agent.signIn("b")
            #expect(try await agent.desktop.items().count == 2)
            #expect(try await agent.postern("logout", "--all").exit == .status(0))
            #expect(try await agent.desktop.items().isEmpty)
            #expect(await agent.tenant.requests(to: .revoke).count == 2)
        }
    }
}
