import DevTenant
import TestSupport
import Testing

@Suite("Faults of the keyring")
struct KeyringFaultTests {
    @Test("row 10: a keyring locked at the start holds up nothing, prompts nobody, and is used once it is unlocked")
    func lockedAtStart() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let token = try await agent.postern("token").output
            try await agent.stop()
            try await agent.desktop.lockKeyring()
            try await agent.start()
            let refused = try await agent.postern("token")
            #expect(refused.exit == .status(75))
            #expect(try await agent.refusal(of: "token.get")?.code == 1004)
            #expect(try await agent.status()["state"] == "locked")
            #expect(try await agent.call("agent.status")["keyring"] == "locked")
            #expect(try await agent.desktop.promptTraffic().isEmpty)
            try await agent.desktop.unlockKeyring()
            #expect(try await agent.postern("token").output == token)
            #expect(try await agent.desktop.promptTraffic().isEmpty)
        }
    }

    @Test("row 11: a keyring locked meanwhile keeps nobody from a cached token, and no refresh token is spent")
    func lockedMeanwhile() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let token = try await agent.token()
            let before = try await agent.record()
            try await agent.desktop.lockKeyring()
            #expect(try await agent.token() == token)
            #expect(try await agent.refusal(of: "token.get", ["force": true])?.code == 1004)
            #expect(await agent.refreshes.isEmpty)
            #expect(try await agent.call("agent.status")["keyring"] == "locked")
            let status = try await agent.status()
            #expect(status["state"] == "signed_in" && status["last_error"]?["code"] == 1004)
            #expect(try await agent.desktop.promptTraffic().isEmpty)
            try await agent.desktop.unlockKeyring()
            #expect(try await agent.record() == before)
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            #expect(await agent.presented == [0])
        }
    }

    @Test("row 12: what a locked keyring did not take is saved by itself after an unlock that no signal tells of")
    func unlockedLater() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let events = try agent.connect()
            try events.request("events.subscribe")
            _ = try await events.answer()
            try await agent.rotateUnsaved { try await agent.desktop.lockKeyring() }
            let unlocked = ContinuousClock.now
            try await agent.desktop.unlockKeyring()
            while let event = try await events.answer(), event["params"]?["type"] != "saved" {}
            // It looks every five seconds; the rest is for slow machines.
            #expect(ContinuousClock.now - unlocked < .seconds(20))
            #expect(try await agent.desktop.promptTraffic().isEmpty)
            try await agent.restart()
            try await agent.call("token.get", ["force": true])
            #expect(await agent.presented == [0, 1])
        }
    }

    @Test("row 16: a keyring that was killed and came back locked is 1004, not signed out, and costs nothing")
    func killed() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let token = try await agent.token()
            let before = try await agent.record()?["refresh_token"]
            try await agent.desktop.restartKeyring()
            #expect(try await agent.token() == token)
            let refusal = try await agent.refusal(of: "token.get", ["force": true])
            #expect(refusal?.code == 1004)
            #expect(await agent.refreshes.isEmpty, "a refresh not safe to save")
            try await agent.desktop.unlockKeyring()
            #expect(try await agent.record()?["refresh_token"] == before)
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            #expect(try await agent.record()?["refresh_token"] != before)
            #expect(try await agent.desktop.promptTraffic().isEmpty)
        }
    }

    @Test("row 17: a keyring that does not answer keeps nobody from a cached token, and everybody else in bounds")
    func mute() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let token = try await agent.token()
            let before = try await agent.record()
            await agent.desktop.stopKeyring()
            #expect(try await agent.token() == token)
            #expect(try await agent.call("agent.status")["keyring"] == "failing")
            let duration = try await ContinuousClock().measure {
                let refusal = try await agent.refusal(of: "token.get", ["force": true])
                #expect(refusal?.code == 1005 && refusal?.cause == "failing")
            }
            // Five seconds at the most, and the rest for slow machines; D-Bus' own bound is 25 s.
            #expect(duration < .seconds(20))
            #expect(await agent.refreshes.isEmpty)
            #expect(try await agent.token() == token)
            await agent.desktop.continueKeyring()
            #expect(try await agent.record() == before)
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
        }
    }

    @Test("row 17: a token that a mute keyring cannot save is handed out, and saved when the keyring answers again")
    func muteDuringRefresh() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            try await agent.rotateUnsaved { await agent.desktop.stopKeyring() }
            await agent.desktop.continueKeyring()
            try await agent.awaitSaved()
            try await agent.restart()
            try await agent.call("token.get", ["force": true])
            #expect(await agent.presented == [0, 1])
        }
    }

    @Test("row 20: a keyring without a default collection says so, and none is made")
    func withoutCollection() async throws {
        try await withRunningAgent(provider: .withoutKeyring) { agent in
            for method in ["login.start", "token.get"] {
                let refusal = try await agent.refusal(of: method)
                #expect(refusal?.code == 1005 && refusal?.cause == "no_collection")
            }
            #expect(await agent.tenant.messages.isEmpty)
            #expect(try await agent.desktop.promptTraffic().isEmpty)
            #expect(try await agent.desktop.callCount("CreateCollection") == 0)
        }
    }
}
