import DevTenant
import Foundation
import TestSupport
import Testing

@Suite("Faults of what the keyring holds")
struct RecordFaultTests {
    @Test(
        "row 21: a record that cannot be read is 1005 and stays as it is, until somebody signs in or out",
        arguments: [
            ("{\"version\":", "corrupt"), ("", "corrupt"), (Self.withTimes("1e308"), "corrupt"),
            (Self.withTimes("9223372036854775807"), "corrupt"), ("{\"version\":99,\"x\":1}", "unsupported_version"),
        ])
    func unreadable(_ text: String, _ cause: String) async throws {
        try await withRunningAgent(starting: false) { agent in
            try await agent.desktop.store(text, RunningAgent.attributes(of: "work"))
            try await agent.start()
            let refusal = try await agent.refusal(of: "token.get")
            #expect(refusal?.code == 1005 && refusal?.cause == cause)
            if cause != "corrupt" {
                // The program that wrote it will want it.
                #expect(try await agent.postern("login").exit == .status(74))
                #expect(await agent.tenant.messages.isEmpty)
            }
            try await agent.restart()
            #expect(try await agent.refusal(of: "token.get")?.cause == cause)
            #expect(try await agent.desktop.secret(RunningAgent.attributes(of: "work")) ?? "" == text)
            try await agent.call("logout")
            #expect(try await agent.desktop.items().isEmpty)
            try await agent.desktop.store(text, RunningAgent.attributes(of: "work"))
            try await agent.restart()
            guard cause == "corrupt" else { return }
            try await agent.signIn()
            let token = try await agent.token()
            try await agent.restart()
            #expect(try await agent.token() == token)
        }
    }

    /// A record that is whole but for the times on its stamp.
    private static func withTimes(_ number: String) -> String {
        """
        {"version":2,"time":{"now":\(number),"wall":\(number),"boot":{"id":"b","seconds":\(number)}},"binding":{"profile":"work",\
        "issuer":"https://a/","client_id":"c","scope":[]},"account":{"sub":"a"},"signed_in_at":0,"tokens":[]}
        """
    }

    @Test("row 22: of two items the daemon's own is used, whichever was written last, and a sign-out deletes both")
    func duplicate() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let copy = try #require(try await agent.record())
            let attributes = RunningAgent.attributes(of: "work").merging(["copied-by": "somebody"]) { $1 }
            try await agent.desktop.store(copy.text, attributes)
            try await agent.call("token.get", ["force": true])
            try await agent.desktop.store(copy.text, attributes, label: "stored once more")
            try await agent.restart()
            try await agent.call("token.get", ["force": true])
            #expect(await agent.presented == [0, 1])
            #expect(try await agent.desktop.items().count > 1)
            #expect(try await agent.call("logout")["deleted"] == true)
            #expect(try await agent.desktop.items().isEmpty)
        }
    }

    @Test("row 23: what another program writes over the record of a running daemon is not taken over, but replaced")
    func anotherWriter() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let token = try await agent.token()
            try await agent.rewriteRecord { $0["refresh_token"] = "another's" }
            #expect(try await agent.token() == token)
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            #expect(try await agent.desktop.items().count == 1)
            try await agent.restart()
            try await agent.call("token.get", ["force": true])
            #expect(await agent.presented == [0, 1])
        }
    }

    @Test(
        "row 28: a record that is bound to something else is not used, and nothing in it goes anywhere",
        arguments: [("issuer", "https://attacker.example/"), ("client_id", "another"), ("profile", "home")])
    func forgedBinding(_ member: String, _ value: String) async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            try await agent.stop()
            try await agent.rewriteRecord { record in
                var binding = record["binding"]?.object ?? [:]
                binding[member] = .string(value)
                record["binding"] = .object(binding)
            }
            let forged = try await agent.record()
            await agent.tenant.forgetRequests()
            try await agent.start()
            for params: JSON in [[:], ["force": true]] {
                #expect(try await agent.refusal(of: "token.get", params)?.cause == "settings_changed")
            }
            #expect(await agent.tenant.requests().isEmpty)
            #expect(try await agent.record() == forged)
        }
    }

    @Test("row 28: a provider that answers nonsense is 1005 failing, and the refresh token is not spent")
    func forgedProvider() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let token = try await agent.token()
            try await agent.desktop.killKeyring()
            try agent.desktop.provideSecrets(.unasked)
            #expect(try await agent.call("keyring.unlock")["keyring"] == "available")
            let refusal = try await agent.refusal(of: "token.get", ["force": true])
            #expect(refusal?.code == 1005 && refusal?.cause == "failing")
            #expect(try await agent.token() == token)
            try await agent.restart()
            #expect(try await agent.refusal(of: "token.get")?.cause == "failing")
            #expect(await agent.presented.isEmpty)
        }
    }

    @Test("row 54: a record of the first format is used, and written in the present one")
    func upgrade() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let token = try await agent.token()
            let written = try await agent.record()
            try await agent.stop()
            try await agent.rewriteRecord { record in
                record["version"] = 1
                record["time"] = nil
            }
            try await agent.start()
            #expect(try await agent.token() == token)
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            let record = try await agent.record()
            #expect(record?["version"] == written?["version"] && record?["version"] != 1)
            #expect(record?["time"]?.object != nil && record?["signed_in_at"] == written?["signed_in_at"])
            #expect(await agent.presented == [0])
        }
    }

    @Test("row 54: a record of a later format is 1005, and is there for the later program as it was")
    func rollback() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let token = try await agent.token()
            let written = try #require(try await agent.record()?["version"]?.integer)
            try await agent.stop()
            try await agent.rewriteRecord { $0["version"] = .integer(written + 1) }
            let later = try await agent.record()
            try await agent.start()
            #expect(try await agent.refusal(of: "token.get")?.cause == "unsupported_version")
            #expect(try await agent.refusal(of: "login.start")?.cause == "unsupported_version")
            #expect(try await agent.postern("token").exit == .status(74))
            try await agent.stop()
            #expect(try await agent.record() == later)
            try await agent.rewriteRecord { $0["version"] = .integer(written) }
            try await agent.start()
            #expect(try await agent.token() == token)
        }
    }

    @Test("row 23: what could not be saved under other settings never comes over the sign-in that followed")
    func replacedSettings() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            try await agent.rotateUnsaved { try await agent.desktop.lockKeyring() }
            try agent.configure(await agent.profile("work", ["scope": "openid offline_access"]))
            try await agent.call("agent.reload")
            try await agent.desktop.unlockKeyring()
            try await agent.signIn()
            let token = try await agent.token()
            // Whatever is still to be saved is saved at the end.
            try await agent.restart()
            #expect(try await agent.token() == token)
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
        }
    }

    @Test("row 23: settings that are put back before the keyring takes anything go on with the newest refresh token")
    func restoredSettings() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let token = try await agent.rotateUnsaved { try await agent.desktop.lockKeyring() }
            for keys in [["scope": "openid offline_access"], [:]] {
                try agent.configure(await agent.profile("work", keys))
                try await agent.call("agent.reload")
            }
            #expect(try await agent.token() == token)
            try await agent.desktop.unlockKeyring()
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            #expect(await agent.presented == [0, 1])
        }
    }
}
