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
