import DevTenant
import Foundation
import TestSupport
import Testing

@Suite("A refresh token that the keyring does not take")
struct UnsavedTests {
    /// Has a refresh rotate while the keyring does not answer.
    private static func rotateUnsaved(_ agent: RunningAgent) async throws -> String {
        try await agent.signIn()
        return try await agent.rotateUnsaved { await agent.desktop.stopKeyring() }
    }

    private static func storedToken(_ agent: RunningAgent) throws -> JSON? {
        #expect(agent.stored.count == 1 && agent.stored[0].name.hasSuffix(".work"))
        return try #require(JSON(text: agent.stored[0].contents))["refresh_token"]
    }

    @Test("is kept by the service manager, served after a crash, and saved when the keyring answers again")
    func survivesCrash() async throws {
        try await withRunningAgent { agent in
            let token = try await Self.rotateUnsaved(agent)
            let rotated = try Self.storedToken(agent)
            try await agent.crash()
            try await agent.start()
            #expect(try await agent.token() == token)
            #expect(try await agent.status()["saved"] == false)

            await agent.desktop.continueKeyring()
            try await agent.awaitSaved()
            #expect(try await agent.record()?["refresh_token"] == rotated)
            try await agent.stored(0)
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
        }
    }

    @Test(
        "survives a crash beside what somebody else has put into the store",
        arguments: [
            "unsaved.281474976710656.zz", "unsaved.281474976710656.work", "unsaved.9223372036854775807.work",
            "unsaved.0.work", "unsaved.a.work",
        ])
    func foreign(name: String) async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            try await agent.crash()
            try agent.store("garbage", as: name)
            try await agent.start()
            let token = try await agent.rotateUnsaved { await agent.desktop.stopKeyring() }
            try await agent.crash()
            // And once more beside its own record.
            try agent.store("garbage", as: name)
            try await agent.start()
            #expect(try await agent.token() == token)
            await agent.desktop.continueKeyring()
            try await agent.awaitSaved()
            // Those of a profile that is not configured wait for the day when it is.
            try await agent.stored(name.hasSuffix(".zz") ? 2 : 0)
        }
    }

    @Test("survives a restart that the hung keyring does not hold up for ever, and the log says so")
    func survivesRestart() async throws {
        try await withRunningAgent { agent in
            let token = try await Self.rotateUnsaved(agent)
            await agent.send(SIGTERM)
            try await agent.notified("STOPPING=1")
            #expect(try await agent.exited() == .status(0))
            #expect(await agent.log.contains("systemd was given it to keep while the service restarts"))
            try await agent.start()
            #expect(try await agent.token() == token)
        }
    }

    @Test("is kept only while the keyring lacks it")
    func removed() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            try await agent.call("token.get", ["force": true])
            // Both the sign-in and the refresh had one for as long as the save took.
            for _ in 1...2 { try await agent.notified("FDSTORE=1") }
            try await agent.awaitSaved()
            try await agent.stored(0)
        }
    }

    @Test("is gone from the service manager with a sign-out")
    func signedOut() async throws {
        try await withRunningAgent { agent in
            _ = try await Self.rotateUnsaved(agent)
            #expect(agent.stored.count == 1)
            try await agent.call("logout", ["revoke": false])
            try await agent.stored(0)
            try await agent.crash()
            try await agent.start()
            #expect(try await agent.refusal(of: "token.get")?.code == 1001)
        }
    }

    @Test("is in no store with keep_unsaved = no, also when that comes later; the log then says that it is lost")
    func switchedOff() async throws {
        try await withRunningAgent { agent in
            _ = try await Self.rotateUnsaved(agent)
            #expect(agent.stored.count == 1)
            try agent.configure("[agent]\nkeep_unsaved = no\n" + (await agent.profile()))
            try await agent.call("agent.reload")
            try await agent.stored(0)
            await agent.send(SIGTERM)
            #expect(try await agent.exited() == .status(0))
            #expect(await agent.log.contains("is lost with this process"))
        }
    }
}
