import ServiceLifecycle
import TestSupport
import Testing

@testable import Agent

@Suite("The monitor of logind")
struct LogindMonitorTests {
    /// What the agent was told, and whether it is ready for sleep.
    fileprivate struct Story: Sendable {
        var changes: [MachineChange] = []
        var news: [DesktopState.News] = []
        var isBusy = false
    }

    /// Runs a monitor while `body` runs.
    private static func withMonitor(
        on desktop: PrivateDesktop, _ story: Watched<Story>, _ clock: ManualClock,
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let monitor = LogindMonitor(environment: desktop.environment, clock: clock) { change in
            story.change { $0.changes.append(change) }
            // Cancelled: the test is over.
            _ = try? await story.wait { $0.isBusy ? nil : true }
        } told: { news in
            story.change { $0.news.append(news) }
        }
        try await withDeadline {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await monitor.run() }
                defer { group.cancelAll() }
                try await body()
            }
        }
    }

    @Test("sleep is delayed until the agent is ready, and the next one again; a monitor that ends delays none")
    func delay() async throws {
        try await withPrivateDesktop(provider: .none) { desktop in
            let login = try LoginManager(on: desktop)
            let story = Watched(Story(isBusy: true))
            let last = Watched<LoginManager.Lock?>(nil)
            try await Self.withMonitor(on: desktop, story, ManualClock()) {
                let first = try await login.lock(1)
                try await login.sleep(desktop)
                try await story.wait { $0.changes == [.goingToSleep] ? true : nil }
                #expect(first.isHeld)
                story.change { $0.isBusy = false }
                try await first.released()
                try await login.resume(desktop)
                try await story.wait { $0.changes == [.goingToSleep, .resumed] ? true : nil }
                let second = try await login.lock(2)
                #expect(second.isHeld)
                last.change { $0 = second }
            }
            try await withDeadline { try await last.value?.released() }
        }
    }

    @Test("of a flood of signals so many are read at a time that others are heard meanwhile")
    func flood() async throws {
        try await withPrivateDesktop(provider: .none) { desktop in
            let name = "org.freedesktop.login1"
            let lock = BusPeer.Action.signal(path: "/2", interface: "\(name).Session", member: "Lock", [])
            try BusPeer(name, on: desktop) { call in
                switch call.member {
                case "Flood": Array(repeating: lock, count: 2500) + [.answer([])]
                default: [.answer([.variant(.boolean(false))])]
                }
            }
            let logind = try Logind(busAddress: desktop.busAddress, patience: .seconds(10))
            try await desktop.call(name, "/", name, "Flood", [])
            // What is answered after the signals comes after them.
            #expect(try !logind.isPreparingForSleep())
            var counts: [Int] = []
            while let wishes = try logind.news() { counts.append(wishes.count) }
            #expect(counts.reduce(0, +) == 2500)
            #expect(counts.allSatisfy { $0 <= 1000 }, "\(counts)")
        }
    }

    @Test("a signal that somebody else might have sent is not believed")
    func forged() async throws {
        try await withPrivateDesktop(provider: .none) { desktop in
            let login = try LoginManager(on: desktop)
            let story = Watched(Story())
            try await Self.withMonitor(on: desktop, story, ManualClock()) {
                let lock = try await login.lock(1)
                try await login.announceFalsely(desktop)
                try await desktop.methodCalled("Get")
                #expect(lock.isHeld)
                try await login.sleep(desktop)
                try await lock.released()
                #expect(story.value.changes == [.goingToSleep])
            }
        }
    }

    @Test("a logind that is started later is asked for a lock then")
    func lateLogind() async throws {
        try await withPrivateDesktop(provider: .none) { desktop in
            try await Self.withMonitor(on: desktop, Watched(Story()), ManualClock()) {
                try await desktop.methodCalled("Inhibit")
                let login = try LoginManager(on: desktop)
                #expect(try await login.lock(1).isHeld)
            }
        }
    }

    @Test("without logind it waits; a bus that was lost is looked for again")
    func lostBus() async throws {
        try await withPrivateDesktop(provider: .none) { desktop in
            let story = Watched(Story())
            let clock = ManualClock()
            try await Self.withMonitor(on: desktop, story, clock) {
                try await desktop.methodCalled("Inhibit")
                await desktop.killBus()
                let pause = try await clock.sleeper(within: 0.001...10)
                try await desktop.startBus()
                let login = try LoginManager(on: desktop)
                clock.advance(by: pause)
                let lock = try await login.lock(1)
                try await login.sleep(desktop)
                try await lock.released()
                #expect(story.value.changes == [.goingToSleep])
            }
        }
    }

    @Test("it tells of the person's sessions at first, and whenever one comes, ends, is locked or is unlocked")
    func sessions() async throws {
        try await withPrivateDesktop(provider: .none) { desktop in
            let login = try LoginManager(on: desktop, sessions: [.init("2"), .init("m1", kind: "manager")])
            let story = Watched(Story())
            let second = DesktopState.Sessions(display: "2", open: ["2"])
            try await Self.withMonitor(on: desktop, story, ManualClock()) {
                try await story.wait { $0.news == [.sessions(second)] ? true : nil }
                try await login.have([.init("2", isLocked: true), .init("5")], desktop)
                try await story.told(.sessions(.init(display: "2", isHintedLocked: true, open: ["2", "5"])))
                try await login.have([.init("2", state: "closing"), .init("5")], display: "5", desktop)
                try await story.told(.sessions(.init(display: "5", open: ["5"])))
                try await login.have([], desktop)
                try await story.told(.sessions(.init()))
            }
        }
    }

    @Test("a wish to lock or unlock is believed of the login manager alone, and for the session with the display alone")
    func wishes() async throws {
        try await withPrivateDesktop(provider: .none) { desktop in
            let login = try LoginManager(on: desktop, sessions: [.init("2"), .init("5")])
            let story = Watched(Story())
            try BusPeer("example.Forger", on: desktop) { call in
                [
                    .answer([]),
                    .signal(
                        path: "/org/freedesktop/login1/session/_2", interface: "org.freedesktop.login1.Session",
                        member: "Lock", [], to: call.argument),
                ]
            }
            try await Self.withMonitor(on: desktop, story, ManualClock()) {
                _ = try await login.lock(1)
                for name in try await desktop.uniqueNames() {
                    try await desktop.call("example.Forger", "/", "example.Forger", "Forge", ["s", name])
                }
                try await login.ask("5", toLock: true, desktop)
                try await login.ask("2", toLock: true, desktop)
                try await story.told(.lock(session: "2"))
                try await login.ask("2", toLock: false, desktop)
                try await story.told(.unlock(session: "2"))
                #expect(
                    story.value.news == [
                        .sessions(.init(display: "2", open: ["2", "5"])), .lock(session: "2"), .unlock(session: "2"),
                    ])
            }
        }
    }

    @Test("a login manager that was slow at first is asked again")
    func slow() async throws {
        try await withPrivateDesktop(provider: .none) { desktop in
            let login = try LoginManager(on: desktop, sessions: [.init("2")], isTellingOfSessions: false)
            let story = Watched(Story())
            let clock = ManualClock()
            try await Self.withMonitor(on: desktop, story, clock) {
                try await story.told(.sessions(nil))
                let pause = try await clock.sleeper(within: 0.5...5)
                login.tellOfSessions()
                clock.advance(by: pause)
                try await story.told(.sessions(.init(display: "2", open: ["2"])))
            }
        }
    }

    @Test("what is told while an answer is waited for in vain is heard at once")
    func toldMeanwhile() async throws {
        try await withPrivateDesktop(provider: .none) { desktop in
            let login = try LoginManager(on: desktop, sessions: [.init("2")])
            let story = Watched(Story())
            try await Self.withMonitor(on: desktop, story, ManualClock()) {
                try await story.told(.sessions(.init(display: "2", open: ["2"])))
                login.tellOfSessions(false)
                try await login.have([.init("2")], desktop)
                while try await desktop.callCount("GetUser") < 2 {}
                try await login.ask("2", toLock: true, desktop)
                try await story.told(.lock(session: "2"))
            }
        }
    }

    @Test("a sleep that was announced while the bus was lost is heard of before the sessions are")
    func sleepMissed() async throws {
        try await withPrivateDesktop(provider: .none) { desktop in
            let login = try LoginManager(on: desktop, sessions: [.init("2")])
            try await login.sleep(desktop)
            let story = Watched(Story())
            try await Self.withMonitor(on: desktop, story, ManualClock()) {
                try await story.wait { $0.news.isEmpty ? nil : true }
                #expect(story.value.changes == [.goingToSleep])
            }
        }
    }

    @Test("a login manager that does not tell of sessions is asked once, and goes on being heard of sleep")
    func mute() async throws {
        try await withPrivateDesktop(provider: .none) { desktop in
            let login = try LoginManager(on: desktop, isTellingOfSessions: false)
            let story = Watched(Story())
            try await Self.withMonitor(on: desktop, story, ManualClock()) {
                let lock = try await login.lock(1)
                try await login.sleep(desktop)
                try await lock.released()
                try await login.resume(desktop)
                try await story.wait { $0.changes == [.goingToSleep, .resumed] ? true : nil }
                #expect(story.value.news == [.sessions(nil)])
                #expect(try await desktop.callCount("GetUser") == 1)
            }
        }
    }
}

extension Watched<LogindMonitorTests.Story> {
    /// Waits until this is the last that was told.
    fileprivate func told(_ news: DesktopState.News) async throws {
        _ = try await wait { $0.news.last == news ? true : nil }
    }
}
