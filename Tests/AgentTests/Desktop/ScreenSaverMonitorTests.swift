import ServiceLifecycle
import TestSupport
import Testing

@testable import Agent

@Suite("The monitor of the screen saver")
struct ScreenSaverMonitorTests {
    private static let name = "org.freedesktop.ScreenSaver"

    /// Runs a monitor while `body` runs, for an agent whose profiles follow the screen if they do at all.
    private static func withMonitor(
        on desktop: PrivateDesktop, isFollowing: Bool = true, _ clock: ManualClock = ManualClock(),
        _ body: @escaping @Sendable (Watched<[DesktopState.News]>) async throws -> Void
    ) async throws {
        let news = Watched<[DesktopState.News]>([])
        let state = Desktop(clock: clock, events: EventHub(clock: clock))
        await state.follow(lock: isFollowing)
        let monitor = ScreenSaverMonitor(environment: desktop.environment, clock: clock, desktop: state) { told in
            news.change { $0.append(told) }
        }
        try await withDeadline {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await monitor.run() }
                defer { group.cancelAll() }
                try await body(news)
            }
        }
    }

    /// A screen saver that is on or off, and that turns on and off when it is called to.
    ///
    /// - Parameter receiver: who alone is told of it.
    private static func saver(on desktop: PrivateDesktop, _ name: String = name, isOn: Bool = false) throws {
        try BusPeer(name, on: desktop) { call in
            switch call.member {
            case "GetActive": [.answer([.boolean(isOn)])]
            case "On", "Off":
                [
                    .answer([]),
                    .signal(
                        path: "/org/freedesktop/ScreenSaver", interface: Self.name, member: "ActiveChanged",
                        [.boolean(call.member == "On")], to: call.argument.isEmpty ? nil : call.argument),
                ]
            default: [.leave]
            }
        }
    }

    private static func call(_ member: String, of name: String = name, _ desktop: PrivateDesktop) async throws {
        _ = try? await desktop.call(name, "/", Self.name, member, [])  // one that leaves does not answer
    }

    @Test("it tells of the one there is at first, when it goes on and off, and when it goes or comes")
    func changes() async throws {
        try await withPrivateDesktop(provider: .none) { desktop in
            try Self.saver(on: desktop, isOn: true)
            try await Self.withMonitor(on: desktop) { news in
                try await news.wait { $0 == [.screenSaver(true)] ? true : nil }
                try await Self.call("Off", desktop)
                try await news.wait { $0.last == .screenSaver(false) ? true : nil }
                try await Self.call("On", desktop)
                try await news.wait { $0.last == .screenSaver(true) ? true : nil }
                try await Self.call("Leave", desktop)
                try await news.wait { $0.last == .screenSaver(nil) ? true : nil }
                try Self.saver(on: desktop)
                try await news.wait { $0.last == .screenSaver(false) ? true : nil }
            }
        }
    }

    @Test("one that does not answer has not said that it is off")
    func hung() async throws {
        try await withPrivateDesktop(provider: .none) { desktop in
            try BusPeer(Self.name, on: desktop) { _ in [] }
            try await Self.withMonitor(on: desktop) { news in
                _ = try await news.wait { $0 == [.screenSaver(nil)] ? true : nil }
            }
        }
    }

    @Test("another program that says the same is not believed")
    func forged() async throws {
        try await withPrivateDesktop(provider: .none) { desktop in
            try Self.saver(on: desktop, isOn: true)
            try Self.saver(on: desktop, "example.Forger")
            try await Self.withMonitor(on: desktop) { news in
                try await news.wait { $0 == [.screenSaver(true)] ? true : nil }
                for name in try await desktop.uniqueNames() {
                    try await desktop.call("example.Forger", "/", Self.name, "Off", ["s", name])
                }
                try await Self.call("Off", of: "example.Forger", desktop)
                try await Self.call("On", desktop)
                try await news.wait { $0.count > 1 ? true : nil }
                #expect(news.value == [.screenSaver(true), .screenSaver(true)])
            }
        }
    }

    @Test("where no profile follows the screen the bus is left alone")
    func idle() async throws {
        try await withPrivateDesktop(provider: .none) { desktop in
            try Self.saver(on: desktop)
            let before = try await desktop.uniqueNames().count
            try await Self.withMonitor(on: desktop, isFollowing: false) { news in
                for _ in 1...100 { await Reactor.shared.nextTurn() }
                let after = try await desktop.uniqueNames().count
                #expect(after <= before)
                #expect(news.value.isEmpty)
            }
        }
    }
}
