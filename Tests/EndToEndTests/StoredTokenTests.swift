import DevTenant
import Foundation
import TestSupport
import Testing

@Suite("Tokens at rest")
struct StoredTokenTests {
    @Test("the keyring has one item, whose attributes name nobody")
    func item() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            for _ in 1...2 { try await agent.call("token.get", ["force": true]) }
            let items = try await agent.desktop.items()
            #expect(items.count == 1)
            var attributes = try #require(items.first).attributes
            // gnome-keyring adds this one of its own accord.
            attributes["xdg:schema"] = nil
            #expect(attributes == ["application": "postern", "kind": "session", "profile": "work"])
            #expect(items.first?.label == "Postern: work")
        }
    }

    @Test("a keyring that is locked at the start holds up nothing, prompts nobody, and is used once it is unlocked")
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

    @Test("a keyring that was killed and came back locked keeps nobody from a cached token")
    func killed() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let token = try await agent.token()
            let before = try await agent.record()?["refresh_token"]
            try await agent.desktop.restartKeyring()
            #expect(try await agent.token() == token)
            let refusal = try await agent.refusal(of: "token.get", ["force": true])
            #expect(refusal?.code == 1004)
            #expect(await agent.tenant.requests(to: .token, grant: .refreshToken).isEmpty, "a refresh not safe to save")
            try await agent.desktop.unlockKeyring()
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            #expect(try await agent.record()?["refresh_token"] != before)
            #expect(try await agent.desktop.promptTraffic().isEmpty)
        }
    }

    @Test("a keyring that does not answer keeps nobody from a cached token, nor from status")
    func hung() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let token = try await agent.token()
            await agent.desktop.stopKeyring()
            #expect(try await agent.token() == token)
            #expect(try await agent.call("agent.status")["keyring"] == "failing")
            let refusal = try await agent.refusal(of: "token.get", ["force": true])
            #expect(refusal?.code == 1005 && refusal?.cause == "failing")
            #expect(await agent.tenant.requests(to: .token, grant: .refreshToken).isEmpty)
            #expect(try await agent.token() == token)
            await agent.desktop.continueKeyring()
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
        }
    }

    @Test("a token that cannot be saved is handed out all the same, and saved when the keyring answers again")
    func mute() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            await agent.tenant.order(.holdAnswer, at: .token, grant: .refreshToken)
            async let token = agent.call("token.get", ["force": true])
            try await withDeadline { try await agent.tenant.requestHeld(at: .token, grant: .refreshToken) }
            await agent.desktop.stopKeyring()
            await agent.tenant.release()
            #expect(try await token["from"] == "refresh")
            #expect(try await agent.status()["saved"] == false)
            await agent.desktop.continueKeyring()
            try await agent.awaitSaved()
            try await agent.restart()
            try await agent.call("token.get", ["force": true])
            let presented = await agent.tenant.requests(to: .token, grant: .refreshToken).compactMap(\.refreshToken)
            #expect(presented.map(\.generation) == [0, 1])
        }
    }

    @Test("persist = session outlives the daemon but not the session's keyring")
    func session() async throws {
        try await withRunningAgent(profile: ["persist": "session"]) { agent in
            try await agent.signIn()
            let token = try await agent.token()
            #expect(try await agent.desktop.items().count == 1)
            try await agent.restart()
            #expect(try await agent.token() == token)
            try await agent.stop()
            try await agent.desktop.restartKeyring()
            try await agent.start()
            #expect(try await agent.refusal(of: "token.get")?.code == 1001)
        }
    }

    @Test("persist = memory leaves nothing in the keyring and needs none", arguments: [true, false])
    func memory(withKeyring: Bool) async throws {
        try await withRunningAgent(profile: ["persist": "memory"], provider: withKeyring ? .unlocked : .none) { agent in
            try await agent.signIn()
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            if withKeyring { #expect(try await agent.desktop.items().isEmpty) }
            try await agent.restart()
            #expect(try await agent.refusal(of: "token.get")?.cause == "never")
        }
    }

    @Test("without a keyring a sign-in fails before a code is sent")
    func absent() async throws {
        try await withRunningAgent(provider: .none) { agent in
            let refusal = try await agent.refusal(of: "login.start")
            #expect(refusal?.code == 1005 && refusal?.cause == "absent")
            #expect(try await agent.postern("login").exit == .status(74))
            #expect(await agent.tenant.messages.isEmpty)
            #expect(try await agent.call("agent.status")["keyring"] == "absent")
        }
    }

    @Test("a keyring without a default collection says so")
    func withoutCollection() async throws {
        try await withRunningAgent(provider: .withoutKeyring) { agent in
            let refusal = try await agent.refusal(of: "login.start")
            #expect(refusal?.code == 1005 && refusal?.cause == "no_collection")
            #expect(try await agent.desktop.promptTraffic().isEmpty)
        }
    }

    @Test(
        "a record that cannot be read is 1005 and stays as it is",
        arguments: [("{\"version\":", "corrupt"), ("", "corrupt"), ("{\"version\":99,\"x\":1}", "unsupported_version")])
    func unreadable(_ text: String, _ cause: String) async throws {
        try await withRunningAgent(starting: false) { agent in
            try await agent.desktop.store(text, RunningAgent.attributes(of: "work"))
            try await agent.start()
            let refusal = try await agent.refusal(of: "token.get")
            #expect(refusal?.code == 1005 && refusal?.cause == cause)
            #expect(try await agent.postern("login").exit == .status(74))
            #expect(await agent.tenant.messages.isEmpty)
            try await agent.restart()
            #expect(try await agent.refusal(of: "token.get")?.cause == cause)
            #expect(try await agent.desktop.secret(RunningAgent.attributes(of: "work")) ?? "" == text)
            try await agent.call("logout")
            #expect(try await agent.desktop.items().isEmpty)
        }
    }

    @Test("a record is never used for other settings than those it was made for")
    func otherSettings() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            try agent.configure(await agent.profile("work", ["client_id": "another"]))
            try await agent.restart()
            await agent.tenant.forgetRequests()
            #expect(try await agent.refusal(of: "token.get", ["force": true])?.code == 1001)
            #expect(await agent.tenant.requests().isEmpty)
            try agent.configure(await agent.profile())
            try await agent.call("agent.reload")
            #expect(try await agent.token() != "")
        }
    }
}
