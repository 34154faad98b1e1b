import ServiceLifecycle
import TestSupport
import Testing

@testable import Agent

@Suite("The sleep monitor")
struct SleepMonitorTests {
    /// What the agent was told, and whether it is ready for sleep.
    private struct Story: Sendable {
        var changes: [MachineChange] = []
        var isBusy = false
    }

    /// Runs a monitor while `body` runs.
    private static func withMonitor(
        on desktop: PrivateDesktop, _ story: Watched<Story>, _ clock: ManualClock,
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let monitor = SleepMonitor(environment: desktop.environment, clock: clock) { change in
            story.change { $0.changes.append(change) }
            // Cancelled: the test is over.
            _ = try? await story.wait { $0.isBusy ? nil : true }
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
}
