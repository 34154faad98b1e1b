import Glibc
import KeyringProtocol
import PosternProtocol
import TestSupport
import Testing

@testable import Agent

@Suite("Unlocking the keyring", .timeLimit(.minutes(5)))
struct KeyringUnlockTests {
    @Test("one that is unlocked needs nobody to be asked")
    func unlockedAlready() async throws {
        try await withKeyringClient { client, desktop in
            let outcome = try await client.unlock()
            #expect(outcome == .unlocked)
            #expect(try await desktop.promptTraffic() == [])
        }
    }

    @Test("the person is asked, and it is unlocked")
    func approved() async throws {
        try await withKeyringClient(provider: .none) { client, desktop in
            try desktop.provideSecrets(.approved)
            #expect(await client.state(mayStart: false) == .locked)
            #expect(try await client.unlock() == .unlocked)
            #expect(await client.state(mayStart: false) == .available)
        }
    }

    @Test("nobody is asked for a caller who has gone before, or by an agent that ends", arguments: [true, false])
    func unwanted(hasGone: Bool) async throws {
        try await withKeyringClient { client, desktop in
            try await desktop.lockKeyring()
            if !hasGone { await client.shutdown() }
            let outcome = Task {
                while hasGone && !Task.isCancelled { await Task.yield() }
                return try await client.unlock()
            }
            if hasGone { outcome.cancel() }
            #expect(try await outcome.value == .abandoned)
            #expect(try await desktop.promptTraffic() == [])
        }
    }

    @Test("a provider that need not ask anybody unlocks it")
    func unasked() async throws {
        try await withKeyringClient(provider: .none) { client, desktop in
            try desktop.provideSecrets(.unasked)
            #expect(try await client.unlock() == .unlocked)
            #expect(try await desktop.promptTraffic() == [])
        }
    }

    @Test(
        "a provider that does not do what it says, or does nothing, is failing",
        arguments: [PrivateDesktop.Unlocking.lied, .refused, .mute])
    func failing(_ unlocking: PrivateDesktop.Unlocking) async throws {
        try await withKeyringClient(provider: .none) { client, desktop in
            try desktop.provideSecrets(unlocking)
            await #expect {
                try await client.unlock()
            } throws: {
                if case SecretStoreError.failing = $0 { true } else { false }
            }
        }
    }

    @Test("a person who presses Cancel leaves it locked, and gnome-keyring well")
    func dismissed() async throws {
        try await withKeyringClient { client, desktop in
            try desktop.showDialogs(to: .unwilling)
            try await desktop.lockKeyring()
            let provider = try await desktop.providerProcessID()
            #expect(try await client.unlock() == .dismissed)
            // The next one is asked for anew.
            #expect(try await client.unlock() == .dismissed)
            #expect(await client.state(mayStart: false) == .locked)
            #expect(try await desktop.providerProcessID() == provider)
        }
    }

    @Test("where nothing can show a dialog it ends at once")
    func headless() async throws {
        try await withKeyringClient { client, desktop in
            try await desktop.lockKeyring()
            #expect(try await client.unlock() == .dismissed)
        }
    }

    @Test("a dialog that nobody answers can be left, holds up nothing else, and is joined by who comes next")
    func left() async throws {
        try await withKeyringClient { client, desktop in
            try desktop.showDialogs(to: .absent)
            try await desktop.lockKeyring()
            let provider = try await desktop.providerProcessID()
            let first = Task { try await client.unlock() }
            try await desktop.methodCalled("BeginPrompting")
            #expect(await client.state(mayStart: false) == .locked)
            await #expect(throws: SecretStoreError.locked) { try await client.load(.work) }
            try await client.save("one", as: .transient)
            first.cancel()
            #expect(try await first.value == .abandoned)

            let second = Task { try await client.unlock() }
            let third = Task { try await client.unlock() }
            try await desktop.unlockKeyring()
            #expect(try await second.value == .unlocked)
            #expect(try await third.value == .unlocked)
            let prompts = try await desktop.promptTraffic().filter { $0.contains(#""member":"Prompt""#) }
            #expect(prompts.count == 1)
            #expect(try await desktop.providerProcessID() == provider)
            try await client.save("two", as: .work)
            #expect(try await desktop.promptTraffic().filter { $0.contains("Dismiss") } == [])
        }
    }

    @Test("a provider that dies while it asks, and a bus that does, are said to be gone", arguments: [false, true])
    func gone(bus: Bool) async throws {
        try await withKeyringClient { client, desktop in
            try desktop.showDialogs(to: .absent)
            try await desktop.lockKeyring()
            let unlocking = Task { try await client.unlock() }
            try await desktop.methodCalled("BeginPrompting")
            if bus { await desktop.killBus() } else { try await desktop.killKeyring() }
            await #expect {
                try await unlocking.value
            } throws: {
                isAbsent($0)
            }
        }
    }

    @Test("a provider that stops while it asks is waited for")
    func stopped() async throws {
        try await withKeyringClient { client, desktop in
            try desktop.showDialogs(to: .absent)
            try await desktop.lockKeyring()
            let unlocking = Task { try await client.unlock() }
            try await desktop.methodCalled("BeginPrompting")
            await desktop.stopKeyring()
            #expect(await client.state(mayStart: false) == .failing)
            await desktop.continueKeyring()
            try await desktop.unlockKeyring()
            #expect(try await unlocking.value == .unlocked)
        }
    }

    @Test("a provider is started for it, and what cannot be unlocked is named")
    func impossible() async throws {
        try await withKeyringClient(provider: .none) { client, desktop in
            await #expect {
                try await client.unlock()
            } throws: {
                isAbsent($0)
            }
            try await desktop.installProvider("/usr/bin/gnome-keyring-daemon --foreground --components=secrets")
            await #expect(throws: SecretStoreError.noCollection(.default)) { try await client.unlock() }
            #expect(try await desktop.promptTraffic() == [])
        }
    }

    @Test("without a bus there is nothing to unlock")
    func withoutBus() async throws {
        let client = KeyringClient(environment: [:], command: .built)
        await #expect(throws: SecretStoreError.absent("there is no session bus")) { try await client.unlock() }
    }
}
