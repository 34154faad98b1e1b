import Foundation
import ServiceLifecycle
import Testing

@testable import Agent

// Apart from the rest, because the protocol's `Account` is another type of the same name.
extension AgentFixture {
    /// The one profile's account.
    var account: Account {
        get async throws { try await agent.account("work") }
    }

    /// Has the account do what is due, and returns the seconds until it wants to be woken again; nil is never.
    func wake() async throws -> Double? {
        try await account.wake()?.timeIntervalSince(clock.now)
    }

    /// Has the account do what is due, which is to be no refresh.
    func wakeIdly() async throws {
        _ = try await account.wake()
        let isRefreshing = try await account.flight != nil
        #expect(!isRefreshing)
    }

    /// Runs the background task while `body` runs.
    func withRefresher(_ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await agent.refresher.run() }
            defer { group.cancelAll() }
            try await body()
        }
    }

    /// Waits until somebody waits for a token.
    func someoneWaits() async throws {
        while try await account.waiters.isEmpty { await Task.yield() }
    }

    /// Waits until an account has been told to end.
    func isStopping(_ account: Account) async throws {
        while await !account.isStopping { await Task.yield() }
    }
}
