import PosternProtocol
import ServiceLifecycle
import TestSupport
import Testing

import struct Foundation.Data
import class Foundation.JSONDecoder

@testable import Agent

@Suite("A keyring that becomes usable")
struct KeyringFollowerTests {
    /// Runs the background tasks while `body` runs; time stands still.
    private static func withServices(
        of agent: Agent, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let services: [any Service] = [agent.refresher, agent.keyringFollower]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in services {
                group.addTask { try await service.run() }
            }
            defer { group.cancelAll() }
            try await body()
        }
    }

    @Test("what could not be saved is saved at once", arguments: [SecretStoreError.locked, .failing("no space")])
    func saves(failure: SecretStoreError) async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            try await Self.withServices(of: fixture.agent) {
                try await fixture.store.followed()
                fixture.store.fail(failure, afterWrites: 1)
                _ = try await fixture.token(.with(force: true))
                #expect(try await fixture.status.saved == false)
                let count = fixture.store.state.value.records.count
                fixture.store.fail(nil)
                try await fixture.store.state.wait { $0.records.count > count ? true : nil }
            }
        }
    }

    @Test("what could not be loaded is loaded at once")
    func loads() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let next = try await fixture.restarted()
            fixture.store.fail(.absent("gone"))
            #expect(await next.tokenError()?.data.cause == "absent")
            // The refresh ahead is planned only once the token is known.
            try await Self.withServices(of: next.agent) {
                try await fixture.store.followed()
                fixture.store.fail(nil)
                try await next.clock.sleeper(within: 80_000...86_400)
            }
            #expect(try await next.status.state == .signedIn)
        }
    }

    @Test("a refresh that had failed on the keyring is tried at once")
    func refreshes() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            try await fixture.expireToken()
            fixture.store.fail(.failing("mute"))
            #expect(await fixture.tokenError()?.code == .keyringUnavailable)
            try await Self.withServices(of: fixture.agent) {
                try await fixture.store.followed()
                fixture.store.fail(nil)
                try await fixture.refreshArrived(1)
            }
        }
    }

    @Test("subscribers are told of each state that differs from the one before")
    func tells() async throws {
        try await AgentFixture.run { fixture in
            let told = Watched<[KeyringState?]>([])
            let subscriber = Subscriber { line in
                // What does not decode is counted as no state, and fails the test.
                let notification = try? JSONDecoder().decode(EventNotification.self, from: Data(line))
                guard notification?.params.type == .keyring else { return }
                told.change { $0.append(notification?.params.keyring) }
            }
            fixture.agent.events.add(subscriber, profile: nil)
            try await Self.withServices(of: fixture.agent) {
                try await fixture.store.followed()
                fixture.store.fail(nil)
                fixture.store.fail(.locked)
                fixture.store.fail(.locked)
                fixture.store.fail(.absent("gone"))
                try await told.wait { $0.count == 2 ? true : nil }
            }
            #expect(told.value == [.locked, .absent])
        }
    }
}
