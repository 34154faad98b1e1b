import Foundation
import Glibc
import KeyringProtocol
import TestSupport
import Testing

@Suite("The keyring worker", .timeLimit(.minutes(5)))
struct KeyringWorkerTests {
    @Test("each outcome is an answer of its own")
    func answers() async throws {
        try await withPrivateDesktop { desktop in
            let connection = try WorkerConnection(environment: desktop.environment)
            #expect(try connection.ask(.load) == .notFound)
            #expect(try connection.ask(.delete) == .notFound)
            #expect(try connection.ask(.save, "one") == .done)
            #expect(try connection.ask(.load) == .found(secret: "one"))
            try await desktop.lockKeyring()
            #expect(try connection.ask(.load) == .locked)
            #expect(try connection.ask(.save, "two") == .locked)
            #expect(try connection.ask(.delete) == .locked)
            #expect(try await desktop.promptTraffic() == [])
            try await desktop.killKeyring()
            #expect(try connection.ask(.load) == .absent)
            try await desktop.startKeyring(unlocked: false)
            #expect(try connection.ask(.load) == .locked)
            try await desktop.unlockKeyring()
            #expect(try connection.ask(.load) == .found(secret: "one"))
            #expect(try connection.ask(.delete) == .done)
            await connection.worker.end()
        }
    }

    @Test("a secret that no program of ours has written, because it is too long or no text, is told to be damaged")
    func foreignSecrets() async throws {
        try await withPrivateDesktop { desktop in
            let connection = try WorkerConnection(environment: desktop.environment)
            try #expect(connection.ask(.save, String(repeating: "x", count: KeyringItem.secretLimit)) == .done)
            try #expect(
                connection.ask(.save, String(repeating: "x", count: KeyringItem.secretLimit + 1))
                    == .failed(message: "the keyring accepted the item but did not keep it", lostBus: false))
            #expect(try connection.ask(.load) == .corrupt)
            await connection.worker.end()
        }
    }

    @Test("the record of the bus does show a prompt when a program causes one")
    func promptsAreSeen() async throws {
        try await withPrivateDesktop { desktop in
            try await desktop.store("one", ["application": "postern"])
            try await desktop.lockKeyring()
            #expect(try await desktop.secret(["application": "postern"]) == nil)
            #expect(try await desktop.promptTraffic() != [])
        }
    }

    @Test("it never makes D-Bus start a provider")
    func startsNobody() async throws {
        try await withPrivateDesktop(provider: .none) { desktop in
            try await desktop.installProvider("/usr/bin/gnome-keyring-daemon --foreground --components=secrets")
            let connection = try WorkerConnection(environment: desktop.environment)
            #expect(try connection.ask(.load) == .absent)
            await connection.worker.end()
            await #expect(throws: PrivateDesktop.Failure.self) { try await desktop.providerProcessID() }
        }
    }

    @Test("a bus that has gone is told apart, for only a new worker can find another")
    func lostBus() async throws {
        try await withPrivateDesktop { desktop in
            let connection = try WorkerConnection(environment: desktop.environment)
            #expect(try connection.ask(.load) == .notFound)
            await desktop.killBus()
            guard case .failed(_, lostBus: true) = try connection.ask(.load) else {
                Issue.record("it did not say that it had lost the bus")
                return
            }
            await connection.worker.end()
        }
    }

    @Test("without a bus nobody provides a keyring")
    func withoutBus() async throws {
        let connection = try WorkerConnection(environment: ["DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"])
        #expect(try connection.ask(.load) == .absent)
        await connection.worker.end()
    }

    @Test("what is not a request is answered as such, and the next one is served")
    func nonsense() async throws {
        try await withPrivateDesktop { desktop in
            let connection = try WorkerConnection(environment: desktop.environment)
            try connection.send("nonsense\n{\"operation\":\"load\"}\n")
            for _ in 1...2 {
                guard case .failed(_, lostBus: false) = try connection.answer() else {
                    Issue.record("nonsense was taken for a request")
                    return
                }
            }
            #expect(try connection.ask(.load) == .notFound)
            await connection.worker.end()
        }
    }

    @Test("it ends with the daemon, be it idle or stuck in a mute provider", arguments: [false, true])
    func endsWithDaemon(isStuck: Bool) async throws {
        try await withPrivateDesktop { desktop in
            let connection = try WorkerConnection(environment: desktop.environment)
            #expect(try connection.ask(.save, "one") == .done)
            if isStuck {
                await desktop.stopKeyring()
                try connection.send(KeyringRequest(operation: .load, item: .work))
            }
            try connection.hangUp()
            #expect(await connection.worker.exit() == .status(0))
            await desktop.continueKeyring()
        }
    }

    @Test("it leaves no core dump")
    func dumpsNoCore() async throws {
        try await withPrivateDesktop { desktop in
            let connection = try WorkerConnection(environment: desktop.environment)
            #expect(try connection.ask(.load) == .notFound)
            let limits = try String(contentsOfFile: "/proc/\(connection.worker.processID)/limits", encoding: .utf8)
            let core = limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") }
            #expect(core?.split(separator: " ").dropFirst(4).prefix(2) == ["0", "0"])
            await connection.worker.end()
        }
    }

    @Test(
        "other programs of the same user cannot read its memory",
        .enabled(if: geteuid() != 0, "root may read everything"))
    func hidesMemory() async throws {
        try await withPrivateDesktop { desktop in
            let connection = try WorkerConnection(environment: desktop.environment)
            #expect(try connection.ask(.load) == .notFound)
            #expect(open("/proc/\(connection.worker.processID)/mem", O_RDONLY) == -1)
            #expect(errno == EACCES)
            await connection.worker.end()
        }
    }
}
