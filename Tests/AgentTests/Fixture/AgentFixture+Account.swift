import Foundation
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

    /// Waits until an account has been told to end.
    func isStopping(_ account: Account) async throws {
        while await !account.isStopping { await Task.yield() }
    }
}
