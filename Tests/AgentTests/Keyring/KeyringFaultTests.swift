import Agent
import Glibc
import KeyringProtocol
import PosternProtocol
import TestSupport
import Testing

@Suite("A keyring in trouble", .timeLimit(.minutes(5)))
struct KeyringFaultTests {
    @Test("a locked keyring is said to be locked, nobody is prompted, and the item survives")
    func locked() async throws {
        try await withKeyringClient { client, desktop in
            try await client.save("one", as: .work)
            try await desktop.lockKeyring()

            #expect(await client.state(mayStart: true) == .locked)
            await #expect(throws: SecretStoreError.locked) { try await client.load(.work) }
            await #expect(throws: SecretStoreError.locked) { try await client.save("two", as: .work) }
            await #expect(throws: SecretStoreError.locked) { try await client.delete(.work) }
            #expect(try await desktop.promptTraffic() == [])

            try await desktop.unlockKeyring()
            #expect(try await client.load(.work) == "one")
        }
    }

    @Test("while the default collection is locked, the session collection works")
    func lockedBesideSession() async throws {
        try await withKeyringClient { client, desktop in
            try await desktop.lockKeyring()
            try await client.save("one", as: .transient)
            #expect(try await client.load(.transient) == "one")
        }
    }

    @Test("a provider that was killed is absent, and locked once it is back; the item is never said to be gone")
    func killed() async throws {
        try await withKeyringClient { client, desktop in
            try await client.save("one", as: .work)
            try await desktop.killKeyring()
            await #expect { try await client.load(.work) } throws: { isAbsent($0) }
            await #expect { try await client.delete(.work) } throws: { isAbsent($0) }

            try await desktop.startKeyring(unlocked: false)
            await #expect(throws: SecretStoreError.locked) { try await client.load(.work) }
            #expect(try await desktop.promptTraffic() == [])

            let worker = await client.workerProcessID
            try await desktop.unlockKeyring()
            #expect(try await client.load(.work) == "one")
            try await client.save("two", as: .work)
            #expect(await client.workerProcessID == worker)
        }
    }

    @Test("a killed provider that D-Bus can start is started for a person, not in the background, and is locked")
    func killedAndActivated() async throws {
        try await withKeyringClient { client, desktop in
            try await client.save("one", as: .work)
            try await desktop.installProvider("/usr/bin/gnome-keyring-daemon --foreground --components=secrets")
            try await desktop.killKeyring()
            await #expect { try await client.load(.work) } throws: { isAbsent($0) }
            #expect(await client.state(mayStart: false) == .absent)
            #expect(await client.state(mayStart: true) == .locked)
            await #expect(throws: SecretStoreError.locked) { try await client.load(.work) }
        }
    }

    @Test("a mute provider is an error in time, and no reason to give up on it")
    func stopped() async throws {
        try await withKeyringClient { client, desktop in
            try await client.save("one", as: .work)
            await desktop.stopKeyring()
            let duration = await ContinuousClock().measure {
                await #expect(throws: SecretStoreError.failing("the keyring did not answer in time")) {
                    try await client.load(.work)
                }
            }
            // Far from the client's own bound of 3 s, for slow machines, and still short of GDBus' 25 s.
            #expect(duration < .seconds(20))
            #expect(await client.state(mayStart: true) == .failing)
            await desktop.continueKeyring()
            #expect(try await client.load(.work) == "one")
        }
    }

    @Test("twenty who wait for a mute provider wait together, not one after the other")
    func stoppedForMany() async throws {
        try await withKeyringClient { client, desktop in
            await desktop.stopKeyring()
            let duration = await ContinuousClock().measure {
                await withTaskGroup(of: Void.self) { group in
                    for _ in 1...20 {
                        group.addTask {
                            await #expect(throws: SecretStoreError.self) { try await client.load(.work) }
                        }
                    }
                }
            }
            // One after the other would take a minute.
            #expect(duration < .seconds(30))
            await desktop.continueKeyring()
        }
    }

    @Test("those who queue up behind others that are answered have the whole deadline each")
    func slowForMany() async throws {
        try await withPrivateDesktop { desktop in
            // Twelve answers take three seconds, of which each request may take two.
            let script = #"while read -r line; do sleep 0.25; echo '{"notFound":{}}' >&0; done"#
            let client = KeyringClient(
                environment: desktop.environment, command: .init(executable: "/bin/sh", arguments: ["-c", script]),
                deadline: .seconds(2))
            await withTaskGroup(of: Void.self) { group in
                for _ in 1...12 {
                    group.addTask {
                        await #expect(throws: Never.self) { try await client.load(.work) }
                    }
                }
            }
            await client.shutdown()
        }
    }

    @Test("without a provider it is absent, and no worker is started")
    func withoutProvider() async throws {
        try await withKeyringClient(provider: .none) { client, _ in
            #expect(await client.state(mayStart: true) == .absent)
            await #expect { try await client.load(.work) } throws: { isAbsent($0) }
            #expect(await client.workerProcessID == nil)
        }
    }

    @Test("an account without a keyring has no default collection, and none is made")
    func withoutKeyring() async throws {
        try await withKeyringClient(provider: .withoutKeyring) { client, desktop in
            await #expect(throws: SecretStoreError.noCollection(.default)) { try await client.load(.work) }
            await #expect(throws: SecretStoreError.noCollection(.default)) { try await client.save("one", as: .work) }
            try await client.save("one", as: .transient)
            #expect(try await desktop.promptTraffic() == [])
        }
    }

    @Test("when the session bus has gone it is absent, and with a new bus it works again")
    func busRestarted() async throws {
        try await withKeyringClient { client, desktop in
            try await client.save("one", as: .work)
            let worker = await client.workerProcessID
            await desktop.killBus()
            #expect(await client.state(mayStart: true) == .absent)
            await #expect { try await client.load(.work) } throws: { isAbsent($0) }

            try await desktop.startBus()
            try await desktop.startKeyring(unlocked: true)
            #expect(try await client.load(.work) == "one")
            #expect(await client.workerProcessID != worker)
        }
    }

    @Test("a worker that was killed is replaced")
    func workerKilled() async throws {
        try await withKeyringClient { client, _ in
            try await client.save("one", as: .work)
            let worker = try #require(await client.workerProcessID)
            kill(worker, SIGKILL)
            #expect(try await client.load(.work) == "one")
            #expect(await client.workerProcessID != worker)
        }
    }

    @Test("a worker that misses its deadline is killed and replaced")
    func workerStopped() async throws {
        try await withKeyringClient { client, _ in
            try await client.save("one", as: .work)
            let worker = try #require(await client.workerProcessID)
            kill(worker, SIGSTOP)
            await #expect(throws: SecretStoreError.failing("the keyring did not answer in time")) {
                try await client.load(.work)
            }
            #expect(kill(worker, 0) == -1 && errno == ESRCH)
            #expect(try await client.load(.work) == "one")
        }
    }

    @Test("a worker that cannot be started is an error")
    func workerMissing() async throws {
        try await withPrivateDesktop { desktop in
            let client = KeyringClient(
                environment: desktop.environment, command: .init(executable: "/nonexistent", arguments: []))
            await #expect(throws: SecretStoreError.self) { try await client.load(.work) }
        }
    }

    @Test("after a shutdown the worker is gone and nothing starts another")
    func shutDown() async throws {
        try await withKeyringClient { client, _ in
            try await client.save("one", as: .work)
            let worker = try #require(await client.workerProcessID)
            await client.shutdown()
            #expect(kill(worker, 0) == -1 && errno == ESRCH)
            await #expect(throws: SecretStoreError.self) { try await client.load(.work) }
            #expect(await client.workerProcessID == nil)
        }
    }
}
