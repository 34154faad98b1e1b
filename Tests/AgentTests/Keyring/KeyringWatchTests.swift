import KeyringProtocol
import PosternProtocol
import TestSupport
import Testing

@testable import Agent

@Suite("Following the keyring", .timeLimit(.minutes(5)))
struct KeyringWatchTests {
    /// What a reader of `changes()` is told, one state after the other, each different from the one before.
    struct Story: Sendable {
        let states: AsyncStream<KeyringState>

        init(_ states: AsyncStream<KeyringState>) {
            self.states = states
        }

        /// Reads on until the state is this one. What comes before may be seen or missed: a provider that starts is
        /// found in whatever state it has reached.
        func reaches(_ wanted: KeyringState) async throws {
            for await state in states where state == wanted { return }
            throw CancellationError()
        }
    }

    /// Runs `body` with a reader and a clock that moves only when told to: what is seen without it was seen by a signal.
    static func follow(
        provider: PrivateDesktop.Provider = .unlocked,
        _ body: @escaping @Sendable (Story, PrivateDesktop, ManualClock) async throws -> Void
    ) async throws {
        try await withPrivateDesktop(provider: provider) { desktop in
            let clock = ManualClock()
            let client = KeyringClient(environment: desktop.environment, command: .built, clock: clock)
            let story = Story(client.changes())
            try await withDeadline { try await body(story, desktop, clock) }
            #expect(try await desktop.promptTraffic() == [])
            #expect(await client.workerProcessID == nil)
        }
    }

    @Test("a lock is seen at once, an unlock over the control socket at the next look")
    func lockAndUnlock() async throws {
        try await Self.follow { story, desktop, clock in
            try await story.reaches(.available)
            try await desktop.lockKeyring()
            try await story.reaches(.locked)
            try await desktop.unlockKeyring()
            try await clock.sleeper(within: 5...5)
            clock.advance(by: 5)
            try await story.reaches(.available)
            // And it goes on listening.
            try await desktop.lockKeyring()
            try await story.reaches(.locked)
        }
    }

    @Test("a provider that ends, and one that takes its place, are seen at once")
    func restarted() async throws {
        try await Self.follow { story, desktop, _ in
            try await story.reaches(.available)
            try await desktop.killKeyring()
            try await story.reaches(.absent)
            try await desktop.startKeyring(unlocked: true)
            try await story.reaches(.available)
        }
    }

    @Test("a provider that comes back locked is reported though it was locked before")
    func restartedLocked() async throws {
        try await Self.follow { story, desktop, _ in
            try await story.reaches(.available)
            try await desktop.lockKeyring()
            try await story.reaches(.locked)
            try await desktop.restartKeyring()
            try await story.reaches(.locked)
        }
    }

    @Test("none is started, though one could be")
    func startsNobody() async throws {
        try await Self.follow(provider: .none) { story, desktop, _ in
            try await desktop.installProvider("/usr/bin/gnome-keyring-daemon --foreground --components=secrets")
            try await story.reaches(.absent)
            await #expect(throws: PrivateDesktop.Failure.self) { try await desktop.providerProcessID() }
        }
    }

    @Test("a bus that ends is seen at once, and a new one within five seconds")
    func busRestarted() async throws {
        try await Self.follow { story, desktop, clock in
            try await story.reaches(.available)
            await desktop.killBus()
            try await story.reaches(.absent)
            try await desktop.startBus()
            try await desktop.startKeyring(unlocked: false)
            try await clock.sleeper(within: 5...5)
            clock.advance(by: 5)
            try await story.reaches(.locked)
            // The old connection is not all it has.
            try await desktop.unlockKeyring()
            try await clock.sleeper(within: 5...5)
            clock.advance(by: 5)
            try await story.reaches(.available)
        }
    }

    @Test("a bus that is not there at first is found within five seconds")
    func busStartedLater() async throws {
        try await withPrivateDesktop { desktop in
            await desktop.killBus()
            let clock = ManualClock()
            let client = KeyringClient(environment: desktop.environment, command: .built, clock: clock)
            let story = Story(client.changes())
            try await withDeadline {
                try await story.reaches(.absent)
                try await desktop.startBus()
                try await clock.sleeper(within: 5...5)
                clock.advance(by: 5)
                // It listens now: the provider is seen without another look.
                try await story.reaches(.absent)
                try await desktop.startKeyring(unlocked: true)
                try await story.reaches(.available)
            }
        }
    }

    @Test("a provider that was stopped is looked at again until it answers")
    func stopped() async throws {
        try await Self.follow { story, desktop, clock in
            try await story.reaches(.available)
            try await desktop.lockKeyring()
            try await story.reaches(.locked)
            await desktop.stopKeyring()
            try await clock.sleeper(within: 5...5)
            clock.advance(by: 5)
            try await story.reaches(.failing)
            await desktop.continueKeyring()
            try await clock.sleeper(within: 5...5)
            clock.advance(by: 5)
            try await story.reaches(.locked)
        }
    }

    @Test("it looks again only where no signal would tell")
    func polls() {
        #expect(!KeyringWatch.needsPoll(.available, isListening: true))
        #expect(!KeyringWatch.needsPoll(.absent(reason: ""), isListening: true))
        #expect(KeyringWatch.needsPoll(.absent(reason: ""), isListening: false))
        for state: CollectionState in [.locked, .noCollection, .failing(reason: "")] {
            #expect(KeyringWatch.needsPoll(state, isListening: true))
        }
    }

    @Test("it ends when nobody reads on")
    func ends() async throws {
        try await withPrivateDesktop { desktop in
            let client = KeyringClient(environment: desktop.environment, command: .built)
            let reading = Task {
                for await _ in client.changes() {}
            }
            reading.cancel()
            await reading.value
        }
    }
}
