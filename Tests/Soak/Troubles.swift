import DevTenant
import Foundation
import TestSupport

/// What goes wrong, each kind at its own random moments, so that they meet in every way. When a kind has ended, all it did is undone.
struct Troubles: Sendable {
    var agent: RunningAgent
    var chronicle: Chronicle
    var seed: UInt64
    var end: ContinuousClock.Instant

    /// Kills the daemon and starts it again. What it had stored with the service manager is sometimes gone, as with `keep_unsaved = no`.
    func killDaemon() async throws {
        try await repeatedly(every: 500...4000, stream: 1) { generator in
            let forgets = generator.chance(1, in: 4)
            chronicle.note("posternd is killed\(forgets ? ", and what it had stored is gone" : "")")
            try await agent.crash(keepingStored: !forgets)
            chronicle.noteKill()
            chronicle.count { $0.kills += 1 }
            if forgets { chronicle.count { $0.forgetfulKills += 1 } }
            chronicle.noteFailedSaves(await agent.log)
            try await pause(generator.milliseconds(0...300))
            try await agent.start()
            chronicle.note("posternd is there again")
        }
    }

    private enum KeyringTrouble: CaseIterable {
        case locked, killed, mute
    }

    func troubleKeyring() async throws {
        let desktop = agent.desktop
        try await repeatedly(every: 200...3000, stream: 2) { generator in
            chronicle.count { $0.keyringFaults += 1 }
            let duration = generator.milliseconds(0...4000)
            switch KeyringTrouble.allCases.randomElement(using: &generator) {
            case .locked, nil:
                chronicle.note("the keyring is locked")
                try await desktop.lockKeyring()
                try await pause(duration)
                try await desktop.unlockKeyring()
            case .killed:
                chronicle.note("the keyring's provider is killed")
                try await desktop.killKeyring()
                try await pause(generator.milliseconds(0...1000))
                try await desktop.startKeyring(unlocked: false)
                chronicle.note("the keyring's provider is there again, locked")
                try await pause(duration)
                try await desktop.unlockKeyring()
            case .mute:
                chronicle.note("the keyring's provider is stopped")
                await desktop.stopKeyring()
                // On the way out it is killed, stopped or not.
                try await pause(duration)
                await desktop.continueKeyring()
            }
            chronicle.note("the keyring is well again")
        }
    }

    private static let tenantFaults: [(String, Fault)] = [
        ("loses an answer", .loseAnswer), ("answers 503", .page(503)), ("hangs up", .hangUp),
        ("answers 429", .rateLimited(retryAfter: 1)),
    ]

    func troubleTenant() async throws {
        try await repeatedly(every: 200...2000, stream: 3) { generator in
            guard let (name, fault) = Self.tenantFaults.randomElement(using: &generator) else { return }
            let times = Int.random(in: 1...3, using: &generator)
            chronicle.count { $0.tenantFaults += times }
            chronicle.note("the tenant \(name), times \(times)")
            await agent.tenant.order(fault, at: .token, grant: .refreshToken, times: times)
        }
    }

    private func repeatedly(
        every milliseconds: ClosedRange<Int>, stream: UInt64, _ body: (inout SeededGenerator) async throws -> Void
    ) async throws {
        var generator = SeededGenerator(seed: seed, stream: stream)
        while true {
            try await pause(generator.milliseconds(milliseconds))
            guard .now < end else { return }
            try await body(&generator)
        }
    }

    private func pause(_ duration: Duration) async throws {
        try await Task.sleep(for: duration, clock: .continuous)
    }
}
