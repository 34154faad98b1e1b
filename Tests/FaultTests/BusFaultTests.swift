import DevTenant
import TestSupport
import Testing

@Suite("Faults of the session bus")
struct BusFaultTests {
    @Test("row 18: without a keyring a sign-in fails before a code is sent, and nothing is kept in memory instead")
    func withoutProvider() async throws {
        try await withRunningAgent(provider: .none) { agent in
            for method in ["login.start", "token.get"] {
                let refusal = try await agent.refusal(of: method)
                #expect(refusal?.code == 1005 && refusal?.cause == "absent")
            }
            #expect(try await agent.postern("login").exit == .status(74))
            #expect(await agent.tenant.messages.isEmpty)
            #expect(try await agent.call("agent.status")["keyring"] == "absent")
            try await agent.desktop.startKeyring(unlocked: true)
            try await agent.signIn()
        }
    }

    @Test(
        "row 19: a provider that fails to start, or never ends starting, is absent in time, and the next one is used",
        // The other one stays on the bus and never takes the name.
        arguments: ["/bin/false", "/usr/bin/dbus-monitor"])
    func startFails(_ command: String) async throws {
        try await withRunningAgent(provider: .none) { agent in
            try await agent.desktop.installProvider(command)
            let duration = try await ContinuousClock().measure {
                let refusal = try await agent.refusal(of: "token.get")
                #expect(refusal?.code == 1005 && refusal?.cause == "absent")
            }
            // Five seconds at the most, and the rest for slow machines; D-Bus' own bound is 25 s.
            #expect(duration < .seconds(20))
            #expect(await agent.tenant.messages.isEmpty)
            try await agent.desktop.startKeyring(unlocked: true)
            try await agent.signIn()
        }
    }

    @Test("row 26: a session bus that ends takes neither the daemon nor a token with it, and the next one is used")
    func restarted() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let token = try await agent.token()
            let before = try await agent.record()
            let daemon = try await agent.call("agent.hello")["pid"]
            await agent.desktop.killBus()
            #expect(try await agent.token() == token)
            #expect(try await agent.call("agent.status")["keyring"] == "absent")
            #expect(try await agent.refusal(of: "token.get", ["force": true])?.cause == "absent")

            try await agent.desktop.startBus()
            try await agent.desktop.startKeyring(unlocked: false)
            #expect(try await agent.refusal(of: "token.get", ["force": true])?.code == 1004)
            #expect(try await agent.token() == token)
            #expect(await agent.refreshes.isEmpty)
            try await agent.desktop.unlockKeyring()
            #expect(try await agent.record() == before)
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            #expect(try await agent.call("agent.hello")["pid"] == daemon)
            #expect(try await agent.desktop.promptTraffic().isEmpty)
        }
    }

    @Test("row 26: what could not be saved for want of a bus is saved by itself when there is one again")
    func savedAfterRestart() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            try await agent.rotateUnsaved { await agent.desktop.killBus() }
            try await agent.desktop.startBus()
            try await agent.desktop.startKeyring(unlocked: true)
            try await agent.awaitSaved()
            try await agent.restart()
            try await agent.call("token.get", ["force": true])
            #expect(await agent.presented == [0, 1])
        }
    }

    @Test("row 27: without a session bus at the start the daemon runs, signs nobody out, and finds the bus that comes")
    func absentAtStart() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let token = try await agent.token()
            try await agent.stop()
            await agent.desktop.killBus()
            try await agent.start()
            #expect(try await agent.call("agent.status")["keyring"] == "absent")
            let refusal = try await agent.refusal(of: "token.get")
            #expect(refusal?.code == 1005 && refusal?.cause == "absent")

            let events = try agent.connect()
            try events.request("events.subscribe")
            _ = try await events.answer()
            try await agent.desktop.startBus()
            try await agent.desktop.startKeyring(unlocked: true)
            while let event = try await events.answer(), event["params"]?["keyring"] != "available" {}
            #expect(try await agent.token() == token)
            #expect(await agent.refreshes.isEmpty)
        }
    }
}
