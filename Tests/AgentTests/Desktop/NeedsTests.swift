import DevTenant
import Foundation
import PosternProtocol
import ServiceLifecycle
import TestSupport
import Testing

@testable import Agent

@Suite("What profiles need their person for")
struct NeedsTests {
    /// What is due to be shown after a while, as summaries.
    private static func summaries(_ fixture: AgentFixture, after seconds: Double = 3) -> [String] {
        fixture.clock.advance(by: seconds)
        let now = fixture.clock.now
        return fixture.agent.parts.notices.withNotices { notices in
            notices.due(at: now).compactMap { action in
                guard case .show(let notification, let topic, _) = action else { return nil }
                notices.shown(topic, as: Notices.Handle(server: ":1.1", number: 1))
                return notification.summary
            }
        }
    }

    /// Whether nothing is shown or to be shown.
    private static func isQuiet(_ fixture: AgentFixture) -> Bool {
        _ = summaries(fixture)
        let now = fixture.clock.now
        return fixture.agent.parts.notices.withNotices { $0.isIdle && $0.next(at: now) == nil }
    }

    /// Has the tenant refuse the refresh token.
    private static func refuse(_ fixture: AgentFixture) async throws {
        await fixture.killRefreshToken()
        _ = await fixture.tokenError(.with(force: true))
        _ = try await fixture.wake()
    }

    @Test("who never signed in, is signed in, or has signed out needs nothing")
    func nothing() async throws {
        try await AgentFixture.run { fixture in
            _ = try await fixture.wake()
            #expect(Self.isQuiet(fixture))
            try await fixture.signIn()
            _ = try await fixture.wake()
            #expect(Self.isQuiet(fixture))
            try await fixture.agent.logout(Logout())
            _ = try await fixture.wake()
            #expect(Self.isQuiet(fixture))
        }
    }

    @Test("what comes up when a session begins is told together, also where the agent has outlived another")
    func session() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            // The agent's own start is long over.
            fixture.clock.advance(by: 3600)
            await fixture.agent.desktopChanged(.sessions(.init(display: "7", open: ["7"])))
            try await Self.refuse(fixture)
            fixture.clock.advance(by: 3)
            let now = fixture.clock.now
            let topics = fixture.agent.parts.notices.withNotices { notices in
                notices.due(at: now).compactMap { action in
                    if case .show(_, let topic, _) = action { topic } else { nil }
                }
            }
            #expect(topics == [.everything])
        }
    }

    @Test("who is being asked to sign in is not told as well, until that has come to nothing")
    func asked() async throws {
        try await AgentFixture.run(["persist = session"]) { fixture in
            await fixture.agent.desktopChanged(.sessions(.init(display: "2", open: ["2"])))
            try await fixture.signIn()
            await fixture.agent.desktopChanged(.sessions(.init()))
            _ = try await fixture.wake()
            #expect(Self.summaries(fixture) == ["Sign in to Postern: work"])
            let next = try await fixture.startLogin()
            _ = try await fixture.wake()
            #expect(Self.isQuiet(fixture))
            try await fixture.cancel(next)
            _ = try await fixture.wake()
            #expect(Self.summaries(fixture) == ["Sign in to Postern: work"])
        }
    }

    @Test("a refused refresh token is a need until somebody signs in, also in the next session")
    func refused() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            try await Self.refuse(fixture)
            #expect(Self.summaries(fixture) == ["Possible theft of tokens: work"])
            let next = try await fixture.restarted()
            _ = try await next.wake()
            #expect(Self.summaries(next) == ["Possible theft of tokens: work"])
            try await next.signIn()
            _ = try await next.wake()
            #expect(Self.isQuiet(next))
        }
    }

    @Test("at the end of its lifetime it is an expired sign-in, of which there was a warning")
    func expired() async throws {
        try await AgentFixture.run(["refresh = on-demand"]) { fixture in
            try await fixture.signIn()
            fixture.clock.advance(by: 27.5 * 86_400)
            _ = try await fixture.wake()
            #expect(Self.summaries(fixture) == ["Sign-in ends within 3 days: work"])
            fixture.clock.advance(by: 3 * 86_400)
            try await Self.refuse(fixture)
            #expect(Self.summaries(fixture).contains("Sign in to Postern: work"))
        }
    }

    @Test("a sign-in that cannot be refreshed is over with its token")
    func unrefreshable() async throws {
        try await AgentFixture.run(["scope = openid"]) { fixture in
            try await fixture.signIn()
            let rest = try #require(try await fixture.wake())
            #expect(Self.isQuiet(fixture))
            fixture.clock.advance(by: rest)
            #expect(try await fixture.wake() == nil)
            #expect(try await fixture.status.state == .loginRequired)
            #expect(Self.summaries(fixture) == ["Sign in to Postern: work"])
        }
    }

    @Test("a second factor is needed until it is proven")
    func secondFactor() async throws {
        try await AgentFixture.runRefreshing { fixture in
            let login = try await fixture.demand()
            _ = try await fixture.wake()
            #expect(Self.summaries(fixture) == ["Second factor needed: work"])
            let chosen = try await fixture.choose(Authenticator.otp.id, login)
            _ = try await fixture.answerTOTP(chosen)
            _ = try await fixture.wake()
            #expect(Self.isQuiet(fixture))
        }
    }

    @Test("tokens that the keyring does not take are told of after a while; those of a sign-out are not")
    func unsaved() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            fixture.store.fail(.failing("on order"), afterWrites: 1)
            _ = try await fixture.token(.with(force: true))
            _ = try await fixture.wake()
            #expect(Self.summaries(fixture, after: 10).isEmpty)
            #expect(Self.summaries(fixture, after: 30) == ["Tokens not saved: work"])
            try await fixture.agent.logout(Logout())
            _ = try await fixture.wake()
            #expect(Self.isQuiet(fixture))
        }
    }

    @Test("settings say whether anything is shown, and a profile that is gone needs nobody")
    func settings() async throws {
        try await AgentFixture.run(agentSettings: ["notifications = no"]) { fixture in
            try await fixture.signIn()
            try await Self.refuse(fixture)
            #expect(Self.isQuiet(fixture))
            let text = try String(contentsOfFile: fixture.files.configurationPath, encoding: .utf8)
            try fixture.files.writeConfiguration([text.replacing("notifications = no", with: "")])
            try await fixture.agent.applyConfiguration()
            #expect(Self.summaries(fixture) == ["Possible theft of tokens: work"])
            try fixture.files.writeConfiguration([])
            try await fixture.agent.applyConfiguration()
            #expect(Self.isQuiet(fixture))
        }
    }

    @Test("the background task finds a need in a record without being asked; a server that hangs holds up no token")
    func wholeAgent() async throws {
        try await withPrivateDesktop(provider: .none) { desktop in
            let server = try NotificationServer(on: desktop, .mute)
            try await AgentFixture.run { fixture in
                try await fixture.signIn()
                try await Self.refuse(fixture)
                let next = try await fixture.restarted()
                let notifier = next.agent.notifier(desktop.environment)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await notifier.run() }
                    group.addTask { try await next.agent.refresher.run() }
                    defer { group.cancelAll() }
                    try await fixture.clock.sleeper(within: 0.001...2)
                    fixture.clock.advance(by: 2)
                    #expect(try await server.shown(1).summary == "Possible theft of tokens: work")
                    #expect(try await next.token().from == .cache)
                    #expect(next.log.lines.isEmpty)
                }
            }
        }
    }

    @Test("without a session bus nothing is ever done")
    func noBus() async throws {
        try await AgentFixture.run { fixture in
            let notifier = fixture.agent.notifier(["HOME": "/"])
            let running = Task { try await notifier.run() }
            try await fixture.signIn()
            try await Self.refuse(fixture)
            #expect(Self.summaries(fixture) == ["Possible theft of tokens: work"])
            running.cancel()
            _ = await running.result
            #expect(!fixture.log.lines.contains { $0.contains("notification") })
        }
    }
}
