import DevTenant
import Glibc
import TestSupport
import Testing

@Suite("Faults of the keyring's dialog")
struct PromptFaultTests {
    /// Runs `body` with a daemon that could not read its record yet, because the keyring is locked, and with the token in that.
    private static func withLockedKeyring(
        _ person: PrivateDesktop.Person,
        _ body: @escaping @Sendable (RunningAgent, _ token: String) async throws -> Void
    ) async throws {
        try await withRunningAgent { agent in
            try agent.desktop.showDialogs(to: person)
            try await agent.signIn()
            let token = try await agent.token()
            try await agent.stop()
            try await agent.desktop.lockKeyring()
            try await agent.start()
            try await body(agent, token)
        }
    }

    /// Has the dialog shown for a call that stays unanswered.
    private static func unlock(_ agent: RunningAgent, _ params: JSON = [:]) async throws -> AgentConnection {
        let connection = try agent.connect()
        try connection.request("keyring.unlock", params)
        try await agent.desktop.methodCalled("BeginPrompting")
        return connection
    }

    @Test("row 13: a dialog that nobody answers holds up its own call alone, which is 1016; the keyring goes on")
    func unanswered() async throws {
        try await Self.withLockedKeyring(.absent) { agent, token in
            let provider = try await agent.desktop.providerProcessID()
            let unlocking = try await Self.unlock(agent, ["timeout": 2])
            #expect(try await agent.refusal(of: "token.get", ["wait": 0])?.code == 1004)
            #expect(try await agent.call("agent.status")["keyring"] == "locked")
            #expect(try await unlocking.answer()?["error"]?["code"] == 1016)
            #expect(try await agent.postern("unlock-keyring", "--timeout", "1").exit == .status(75))
            #expect(try await agent.desktop.callCount("Prompt") == 1, "the open dialog is joined")
            try await agent.desktop.unlockKeyring()
            #expect(try await agent.token() == token)
            #expect(try await agent.desktop.providerProcessID() == provider)
        }
    }

    @Test("row 13: Ctrl-C gives up waiting with 130 and leaves the dialog open; a later unlock ends it")
    func interrupted() async throws {
        try await Self.withLockedKeyring(.absent) { agent, token in
            try await agent.withTerminal("unlock-keyring") { terminal in
                try await agent.desktop.methodCalled("BeginPrompting")
                try terminal.type(Terminal.interrupt)
                #expect(try await terminal.end().exit == .status(130))
            }
            #expect(try await agent.refusal(of: "token.get")?.code == 1004, "nobody waits for the dialog any more")
            try await agent.withPostern("unlock-keyring") { command in
                try await agent.desktop.unlockKeyring()
                #expect(try await withDeadline { await command.exit() } == .status(0))
            }
            #expect(try await agent.token() == token)
            #expect(try await agent.desktop.callCount("Dismiss") == 0)
        }
    }

    @Test("row 13: who needs what is locked waits for the dialog that is open, as long as it says")
    func awaited() async throws {
        try await Self.withLockedKeyring(.absent) { agent, token in
            let unlocking = try await Self.unlock(agent)
            #expect(try await agent.refusal(of: "token.get", ["wait": 1])?.code == 1004)
            let waiting = try agent.connect()
            try waiting.request("token.get", ["wait": 60])
            try await agent.connectionsTaken(3)
            try await agent.desktop.unlockKeyring()
            #expect(try await waiting.answer()?["result"]?["access_token"] == .string(token))
            #expect(try await unlocking.answer()?["result"]?["keyring"] == "available")
            #expect(await agent.refreshes.isEmpty)
        }
    }

    @Test("row 14: a dismissed dialog is 1014 and 77 on the command line, and nothing raises another")
    func dismissed() async throws {
        try await Self.withLockedKeyring(.unwilling) { agent, token in
            #expect(try await agent.refusal(of: "keyring.unlock")?.code == 1014)
            #expect(try await agent.postern("unlock-keyring").exit == .status(77))
            #expect(try await agent.refusal(of: "token.get")?.code == 1004)
            #expect(try await agent.refusal(of: "login.start")?.code == 1004)
            #expect(try await agent.desktop.callCount("Prompt") == 2, "one for each who asked")
            try await agent.desktop.unlockKeyring()
            #expect(try await agent.token() == token)
            #expect(try await agent.desktop.callCount("Prompt") == 2)
        }
    }

    @Test("row 15: a provider that dies while it asks is 1005 at once, and another one is used")
    func died() async throws {
        try await Self.withLockedKeyring(.absent) { agent, token in
            let unlocking = try await Self.unlock(agent)
            let killed = ContinuousClock.now
            try await agent.desktop.killKeyring()
            let error = try await unlocking.answer()?["error"]
            #expect(error?["code"] == 1005 && error?["data"]?["cause"] == "absent")
            // It is told by a signal; libsecret would wait for ever.
            #expect(ContinuousClock.now - killed < .seconds(10))
            #expect(try await agent.refusal(of: "token.get")?.cause == "absent")
            try await agent.desktop.startKeyring(unlocked: true)
            #expect(try await agent.token() == token)
        }
    }
}
