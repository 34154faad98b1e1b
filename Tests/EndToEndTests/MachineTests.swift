import DevTenant
import TestSupport
import Testing

@Suite("The machine and the service manager")
struct MachineTests {
    @Test("the machine sleeps only once a refresh under way is in the keyring, and wakes up to a new one")
    func sleep() async throws {
        try await withRunningAgent(starting: false) { agent in
            let login = try LoginManager(on: agent.desktop)
            try await agent.start()
            try await agent.signIn()
            let before = try await agent.record()?["refresh_token"]
            let lock = try await login.lock(1)
            await agent.tenant.order(.hold, at: .token, grant: .refreshToken)
            let connection = try agent.connect()
            try connection.request("token.get", ["force": true])
            try await withDeadline { try await agent.tenant.requestHeld(at: .token, grant: .refreshToken) }
            try await login.sleep(agent.desktop)
            #expect(lock.isHeld)
            await agent.tenant.release()
            try await withDeadline { try await lock.released() }
            let after = try await agent.record()?["refresh_token"]
            #expect(after != nil && after != before)
            #expect(try await connection.answer()?["result"]?["from"] == "refresh")

            try connection.request("token.get", ["force": true])
            #expect(try await agent.call("token.get")["from"] == "cache")
            #expect(await agent.tenant.requests(to: .token, grant: .refreshToken).count == 1)
            try await login.resume(agent.desktop)
            #expect(try await connection.answer()?["result"]?["from"] == "refresh")
        }
    }

    @Test("it goes on telling that it is alive while its keyring hangs")
    func alive() async throws {
        try await withRunningAgent(environment: ["WATCHDOG_USEC": "100000"]) { agent in
            try await agent.signIn()
            await agent.desktop.stopKeyring()
            let connection = try agent.connect()
            try connection.request("token.get", ["force": true])
            for _ in 1...5 { try await agent.notified("WATCHDOG=1") }
            await agent.desktop.continueKeyring()
            #expect(try await connection.answer() != nil)
        }
    }
}
