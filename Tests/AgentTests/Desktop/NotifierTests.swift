import ServiceLifecycle
import TestSupport
import Testing

@testable import Agent

@Suite("Desktop notifications")
struct NotifierTests {
    /// What a notifier works with.
    private struct Stage: Sendable {
        let desktop: PrivateDesktop
        let board = NoticeBoard()
        let clock = ManualClock()
        let log = LogRecorder()

        func set(_ profile: String, _ needs: PersonNeed...) {
            board.set(needs, of: profile, at: clock.now)
        }

        /// Waits until the notifier waits for what changes to settle, and lets it.
        func settle() async throws {
            try await clock.sleeper(within: 0.001...2)
            clock.advance(by: 2)
        }
    }

    /// Runs a notifier while `body` runs.
    private static func withNotifier(
        _ body: @escaping @Sendable (Stage) async throws -> Void
    ) async throws {
        try await withPrivateDesktop(provider: .none) { desktop in
            let stage = Stage(desktop: desktop)
            let notifier = Notifier(
                board: stage.board, busAddress: desktop.busAddress, clock: stage.clock, log: stage.log.logger)
            try await withDeadline {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await notifier.run() }
                    defer { group.cancelAll() }
                    try await body(stage)
                }
            }
        }
    }

    private static let ended = PersonNeed.signIn(reason: "expired")

    @Test("a need is shown, replaced as others come, and closed when it is gone")
    func story() async throws {
        try await Self.withNotifier { stage in
            let server = try NotificationServer(on: stage.desktop)
            stage.set("a", Self.ended)
            try await stage.settle()
            let first = try await server.shown(1)
            #expect(first.summary == "Sign in to Postern: a")
            #expect((first.replaces, first.urgency, first.timeout) == (0, 1, 0))
            stage.set("b", Self.ended)
            try await stage.settle()
            let second = try await server.shown(2)
            #expect((second.replaces, second.summary) == (1, "Sign in to Postern: a, b"))
            stage.set("a")
            stage.set("b")
            try await server.closed([1])
            stage.set("a", .suspectedTheft)
            try await stage.settle()
            #expect(try await server.shown(3).urgency == 2)
        }
    }

    @Test("ten profiles that need somebody after a resume are one notification")
    func resume() async throws {
        try await Self.withNotifier { stage in
            let server = try NotificationServer(on: stage.desktop)
            stage.board.gather(at: stage.clock.now)
            for number in 0..<10 { stage.set("p\(number)", number < 5 ? Self.ended : .secondFactor) }
            try await stage.settle()
            #expect(try await server.shown(1).summary.hasPrefix("Postern needs you: p0, p1"))
            for number in 0..<10 { stage.set("p\(number)") }
            try await server.closed([1])
            #expect(server.memory.value.shown.count == 1)
        }
    }

    @Test("what the person closes stays closed")
    func dismissal() async throws {
        try await Self.withNotifier { stage in
            let server = try NotificationServer(on: stage.desktop)
            stage.set("a", Self.ended)
            try await stage.settle()
            try await server.shown(1)
            try await server.dismiss(1)
            try await stage.board.becomes { $0.isIdle }
            stage.set("b", Self.ended)
            try await stage.settle()
            let next = try await server.shown(2)
            #expect((next.replaces, next.summary) == (0, "Sign in to Postern: b"))
        }
    }

    @Test("the action has the user manager start the unit that signs in")
    func action() async throws {
        try await Self.withNotifier { stage in
            let server = try NotificationServer(on: stage.desktop)
            let manager = try UserManager(on: stage.desktop)
            stage.set("my-work", Self.ended)
            try await stage.settle()
            #expect(try await server.shown(1).actions == ["sign-in", "Sign in"])
            try await server.press(1)
            try await manager.started.wait { $0 == [#"postern-login@my\x2dwork.service"#] ? true : nil }
            stage.set("b", Self.ended)
            try await stage.settle()
            try await server.shown(2)
            try await server.press(1)
            try await manager.started.wait { $0.last == "postern-login.service" ? true : nil }
        }
    }

    @Test("a unit that cannot be started is said in the log")
    func failedAction() async throws {
        try await Self.withNotifier { stage in
            let server = try NotificationServer(on: stage.desktop)
            let manager = try UserManager(on: stage.desktop, starts: false)
            stage.set("a", Self.ended)
            try await stage.settle()
            try await server.shown(1)
            try await server.press(1)
            try await manager.started.wait { $0.isEmpty ? nil : true }
            stage.set("a")
            try await server.closed([1])
            #expect(
                stage.log.lines == [
                    "warning: postern-login@a.service could not be started from a notification: It is masked."
                ])
        }
    }

    @Test(
        "there is no action without a server that has actions, or a user manager that has the unit",
        arguments: [(["body"], true), (["actions", "body"], false), (["actions"], nil)] as [([String], Bool?)])
    func noAction(capabilities: [String], hasUnits: Bool?) async throws {
        try await Self.withNotifier { stage in
            let server = try NotificationServer(on: stage.desktop, capabilities: capabilities)
            if let hasUnits { _ = try UserManager(on: stage.desktop, hasUnits: hasUnits) }
            stage.set("a", Self.ended)
            try await stage.settle()
            let shown = try await server.shown(1)
            #expect(shown.actions.isEmpty)
            #expect(shown.body.isEmpty == !capabilities.contains("body"))
        }
    }

    @Test("of a server's capabilities only those are kept that matter here")
    func absurdCapabilities() async throws {
        try await withPrivateDesktop(provider: .none) { desktop in
            let absurd = (0..<1000).map { "x-\($0)" + String(repeating: "x", count: 1000) }
            _ = try NotificationServer(on: desktop, capabilities: absurd + ["body", "actions"])
            let bus = try BusConnection(address: desktop.busAddress, timeout: .seconds(10))
            let kept = try bus.capabilities(ofServer: NotificationServer.name, timeout: .seconds(10))
            #expect(kept == ["body", "actions"])
        }
    }

    @Test("the body is escaped where markup is read, and nowhere else", arguments: [true, false])
    func markup(isRead: Bool) async throws {
        try await Self.withNotifier { stage in
            let server = try NotificationServer(
                on: stage.desktop, capabilities: isRead ? ["body", "body-markup"] : ["body"])
            stage.set(#"<b>"x"&"#, .secondFactor)
            try await stage.settle()
            let shown = try await server.shown(1)
            let name = isRead ? "&lt;b&gt;&quot;x&quot;&amp;" : #"<b>"x"&"#
            #expect(shown.body.contains("the tokens of profile \(name)."))
            #expect(shown.body.contains("'") == !isRead)
            #expect(shown.summary == #"Second factor needed: <b>"x"&"#)
        }
    }

    @Test("a server that dies and comes back shows once what still holds")
    func crash() async throws {
        try await Self.withNotifier { stage in
            let server = try NotificationServer(on: stage.desktop)
            stage.set("a", Self.ended)
            stage.set("b", .secondFactor)
            try await stage.settle()
            try await server.shown(2)
            try await server.crash()
            try await stage.board.becomes { $0.handles.isEmpty }
            stage.set("a")
            let next = try NotificationServer(on: stage.desktop)
            try await stage.settle()
            let shown = try await next.shown(1)
            #expect((shown.replaces, shown.summary) == (0, "Second factor needed: b"))
            stage.set("b")
            try await next.closed([1])
            #expect(next.memory.value.shown.count == 1)
            #expect(stage.log.lines.isEmpty)
        }
    }

    @Test("without a server there is one line in the log, and one that comes is shown what holds")
    func noServer() async throws {
        try await Self.withNotifier { stage in
            for profile in ["a", "b", "c"] {
                stage.set(profile, Self.ended)
                try await stage.settle()
                try await stage.desktop.methodCalled("StartServiceByName")
            }
            try await stage.board.becomes { !$0.isIdle && $0.next(at: stage.clock.now) == nil }
            let server = try NotificationServer(on: stage.desktop)
            try await stage.settle()
            #expect(try await server.shown(1).summary == "Sign in to Postern: a, b, c")
            #expect(stage.log.lines.count == 1)
            #expect(stage.log.lines.first?.hasPrefix("notice: Desktop notifications cannot be shown: ") == true)
        }
    }

    @Test("a server that never answers is given up, and not asked again for the same")
    func mute() async throws {
        try await Self.withNotifier { stage in
            let server = try NotificationServer(on: stage.desktop, .mute)
            stage.set("a", Self.ended)
            try await stage.settle()
            try await server.shown(1)
            try await stage.board.becomes { !$0.isIdle && $0.next(at: stage.clock.now) == nil }
            stage.clock.advance(by: 1000)
            #expect(stage.log.lines == ["notice: Desktop notifications cannot be shown: nobody answered in time"])
            #expect(server.memory.value.shown.count == 1)
        }
    }

    @Test("without a bus there is one line in the log")
    func noBus() async throws {
        try await Self.withNotifier { stage in
            await stage.desktop.killBus()
            for profile in ["a", "b"] {
                stage.set(profile, Self.ended)
                try await stage.settle()
                try await stage.board.becomes { !$0.isIdle && $0.next(at: stage.clock.now) == nil }
            }
            #expect(stage.log.lines.count == 1, "\(stage.log.lines)")
        }
    }

    @Test("signals of somebody else are not believed")
    func forged() async throws {
        try await Self.withNotifier { stage in
            let server = try NotificationServer(on: stage.desktop)
            let manager = try UserManager(on: stage.desktop)
            stage.set("a", Self.ended)
            try await stage.settle()
            try await server.shown(1)
            try await stage.board.becomes { !$0.handles.isEmpty }
            try await server.forge()
            // What comes after it has been heard, so it was as well.
            try await server.press(1)
            try await manager.started.wait { $0.isEmpty ? nil : true }
            #expect(manager.started.value == ["postern-login@a.service"])
            #expect(stage.board.withNotices { !$0.handles.isEmpty })
        }
    }

    @Test("what is shown is closed as the agent ends")
    func end() async throws {
        try await withPrivateDesktop(provider: .none) { desktop in
            let stage = Stage(desktop: desktop)
            let server = try NotificationServer(on: desktop)
            let notifier = Notifier(
                board: stage.board, busAddress: desktop.busAddress, clock: stage.clock, log: stage.log.logger)
            try await withDeadline {
                let running = Task { try await notifier.run() }
                stage.set("a", Self.ended)
                try await stage.settle()
                try await server.shown(1)
                running.cancel()
                try await server.closed([1])
            }
        }
    }

    @Test("nobody is connected to the bus while there is nothing to show")
    func connection() async throws {
        try await Self.withNotifier { stage in
            let server = try NotificationServer(on: stage.desktop)
            #expect(try await stage.desktop.callCount("AddMatch") == 0)
            stage.set("a", Self.ended)
            try await stage.settle()
            try await server.shown(1)
            stage.set("a")
            try await server.closed([1])
            try await server.clientLeft()
        }
    }
}
