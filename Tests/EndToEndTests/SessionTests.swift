import DevTenant
import Foundation
import TestSupport
import Testing

@Suite("The desktop session")
struct SessionTests {
    /// Runs the daemon beside a login manager that has one session.
    private static func run(
        _ profile: [String: String?], _ body: @escaping @Sendable (RunningAgent, LoginManager) async throws -> Void
    ) async throws {
        try await withRunningAgent(profile: profile, starting: false) { agent in
            let login = try LoginManager(on: agent.desktop, sessions: [.init("2")])
            try await agent.start()
            try await body(agent, login)
        }
    }

    /// Waits until the first profile has to do with the session in this way.
    private static func session(_ agent: RunningAgent, _ state: String) async throws {
        try await withDeadline {
            while try await agent.status()["session"]?["state"]?.string != state { try Task.checkCancellation() }
        }
    }

    @Test(
        "with persist = session the tokens end with it, in the provider's session collection too, and it is known that somebody was signed in"
    )
    func end() async throws {
        try await Self.run(["persist": "session"]) { agent, login in
            try await Self.session(agent, "active")
            try await agent.signIn()
            #expect(try await agent.record()?["session"]?["id"] == "2")
            try await agent.restart()
            #expect(try await agent.call("token.get")["from"] == "cache")

            try await login.have([.init("7")], agent.desktop)
            try await withDeadline {
                while try await agent.refusal(of: "token.get")?.cause != "expired" { try Task.checkCancellation() }
            }
            try await agent.awaitSaved()
            #expect(try await agent.record() == nil)
            try await withDeadline { try await agent.tenant.requestAnswered(at: .revoke) }

            try await agent.restart()
            #expect(try await agent.refusal(of: "token.get")?.cause == "expired")
            #expect(try await agent.status()["state"] == "login_required")
            #expect(try await agent.postern("login", "--check").exit == .status(77))
        }
    }

    @Test("a daemon that finds the record of a session that is over drops it")
    func over() async throws {
        try await Self.run(["persist": "session"]) { agent, login in
            try await Self.session(agent, "active")
            try await agent.signIn()
            try await agent.crash()
            try await login.have([.init("7")], agent.desktop)
            try await agent.start()
            #expect(try await agent.refusal(of: "token.get")?.cause == "expired")
            try await agent.awaitSaved()
            #expect(try await agent.record() == nil)
        }
    }

    @Test("with lock = screen nothing is served while the screen is locked")
    func lock() async throws {
        try await Self.run(["lock": "screen"]) { agent, login in
            try await Self.session(agent, "active")
            try await agent.signIn()
            let events = try agent.connect()
            try events.request("events.subscribe")
            _ = try await events.answer()

            try await login.have([.init("2", isLocked: true)], agent.desktop)
            #expect(try await events.answer()?["params"]?["type"] == "locked")
            let token = try await agent.postern("token")
            #expect(token.exit == .status(77) && token.output.isEmpty)
            #expect(token.error.contains("screen is locked"))
            #expect(try await agent.refusal(of: "token.get")?.cause == "screen")
            let patient = try agent.connect()
            try patient.request("token.get", ["wait": 60])

            try await login.have([.init("2")], agent.desktop)
            #expect(try await events.answer()?["params"]?["type"] == "unlocked")
            #expect(try await patient.answer()?["result"]?["from"] == "cache")
            #expect(try await agent.postern("token").exit == .status(0))
        }
    }

    @Test("before the machine sleeps the lock is taken, and only then the machine let go")
    func sleep() async throws {
        try await Self.run(["lock": "screen"]) { agent, login in
            try await Self.session(agent, "active")
            try await agent.signIn()
            let lock = try await login.lock(1)
            try await login.sleep(agent.desktop)
            try await withDeadline { try await lock.released() }
            #expect(try await agent.refusal(of: "token.get")?.code == 1003)
            try await login.resume(agent.desktop)
            _ = try await login.lock(2)
            #expect(try await agent.refusal(of: "token.get")?.code == 1003)
            try await login.ask("2", toLock: false, agent.desktop)
            try await Self.session(agent, "active")
            #expect(try await agent.call("token.get")["from"] == "cache")
        }
    }
}
