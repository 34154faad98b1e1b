import DevTenant
import Foundation
import TestSupport

/// The real daemon, keyring and bus, and callers that want tokens all the time, while the daemon is killed, the keyring locked, killed and
/// stopped, and the tenant fails: no login may be lost, and no refresh token older than the previous one presented.
///
/// The seed repeats what is done and when; how that meets what the daemon does at the time is up to the machine.
struct CrashSoak: Sendable {
    var seed: UInt64
    var duration: Duration
    /// The tenant's rotation overlap, seconds. With 0 a crash between the tenant's answer and its save costs the login; such a loss must be told as
    /// `lost_answer`, and nothing else may be lost.
    var overlap = 60
    var profiles = 6

    /// So short that tokens are refreshed ahead by the way, and longer than the save of a new one can take.
    private static let tokenLifetime = 12

    /// What must never happen has happened.
    struct Breach: Error, CustomStringConvertible {
        var description: String
    }

    func run() async throws -> Chronicle.Counts {
        var options = Options()
        options.accessTokenLifetime = Self.tokenLifetime
        options.startLimit = 1_000_000
        // A client for each profile tells their requests apart.
        options.clients = names.map { Client(id: $0, refreshTokens: RefreshTokenPolicy(overlap: Double(overlap))) }
        return try await withPrivateDesktop { desktop in
            try await DevTenant.withRunning(options) { tenant in
                try await withAgent(desktop, tenant) { agent in
                    let chronicle = Chronicle()
                    do {
                        try await run(agent, chronicle)
                    } catch let error where !(error is CancellationError) {
                        throw Breach(
                            description: """
                                \(error) (seed \(seed)). What was done last:
                                \(chronicle.last(12))
                                """)
                    }
                    return chronicle.counts
                }
            }
        }
    }

    private var names: [String] { (1...profiles).map { "profile-\($0)" } }

    private func run(_ agent: RunningAgent, _ chronicle: Chronicle) async throws {
        var configuration = ""
        for name in names {
            configuration += await agent.profile(
                name,
                [
                    "client_id": name, "username": "\(name)@example.com", "refresh": "ahead",
                    "rotation_overlap": "\(overlap)",
                ])
        }
        try agent.configure(configuration)
        try await agent.start()
        for name in names { try await agent.signIn(name, as: "\(name)@example.com") }

        let end = ContinuousClock.now + duration
        let troubles = Troubles(agent: agent, chronicle: chronicle, seed: seed, end: end)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await troubles.killDaemon() }
            group.addTask { try await troubles.troubleKeyring() }
            group.addTask { try await troubles.troubleTenant() }
            for (index, name) in names.enumerated() {
                for keepsSignedIn in [true, false] {
                    let caller = caller(name, keepsSignedIn: keepsSignedIn, agent, chronicle)
                    let stream = UInt64(10 + 2 * index + (keepsSignedIn ? 1 : 0))
                    group.addTask { try await caller.ask(until: end, SeededGenerator(seed: seed, stream: stream)) }
                }
            }
            try await group.waitForAll()
        }
        try await heal(agent, chronicle)
        try await checkPresented(agent, chronicle)
    }

    private func caller(
        _ profile: String, keepsSignedIn: Bool, _ agent: RunningAgent, _ chronicle: Chronicle
    ) -> Caller {
        Caller(agent: agent, chronicle: chronicle, profile: profile, overlap: overlap, keepsSignedIn: keepsSignedIn)
    }

    /// With everything well again every profile has a fresh token, and the keyring the newest refresh token.
    private func heal(_ agent: RunningAgent, _ chronicle: Chronicle) async throws {
        chronicle.note("everything is well again")
        await agent.tenant.cancelFaults()
        for name in names {
            try await caller(name, keepsSignedIn: true, agent, chronicle).askUntilRefreshed()
        }
        try await withDeadline(.seconds(60)) {
            while try await !agent.call("agent.status")["profiles", all: "saved", .bool(true)] {
                try await Task.sleep(for: .milliseconds(100))
            }
        }
        chronicle.noteFailedSaves(await agent.log)
    }

    private func checkPresented(_ agent: RunningAgent, _ chronicle: Chronicle) async throws {
        let refreshes = await agent.tenant.requests(to: .token, grant: .refreshToken)
        chronicle.count { $0.refreshes = refreshes.count { $0.status == 200 } }
        for request in refreshes {
            let profile = request.clientID ?? "nobody"
            guard let token = request.refreshToken else {
                throw Breach(description: "\(profile) presented a refresh token that the tenant never made")
            }
            if token.latest - token.generation > 1 {
                let before = chronicle.last(12, before: Date(timeIntervalSince1970: request.at))
                throw Breach(
                    description: """
                        \(profile) presented generation \(token.generation) when \(token.latest) was the newest, after
                        \(before)
                        and so
                        """)
            }
        }
    }
}

extension JSON {
    /// Whether all members of a list have this value.
    subscript(list: String, all name: String, value: JSON) -> Bool {
        self[list]?.array?.allSatisfy { $0[name] == value } ?? false
    }
}

extension Chronicle {
    /// Counts the saves that a daemon's log says have failed; each is tried again.
    func noteFailedSaves(_ log: String) {
        let failures = log.split(separator: "\n").count { $0.contains("The keyring did not take the record") }
        count { $0.failedSaves += failures }
    }
}
