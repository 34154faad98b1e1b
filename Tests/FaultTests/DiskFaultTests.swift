import DevTenant
import Foundation
import TestSupport
import Testing

@Suite("Faults of the keyring's disk")
struct DiskFaultTests {
    @Test("row 24: a keyring file that is deleted is no_collection, nobody is signed out, and it can be put back")
    func deleted() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let token = try await agent.token()
            try Self.showChange(agent, ahead: 60)
            let before = try await agent.record()
            let aside = agent.desktop.home.appending(path: "aside")
            try FileManager.default.moveItem(at: agent.desktop.keyringFile, to: aside)
            #expect(try await agent.token() == token)
            let refusal = try await agent.refusal(of: "token.get", ["force": true])
            #expect(refusal?.code == 1005 && refusal?.cause == "no_collection")
            #expect(await agent.refreshes.isEmpty)
            #expect(!FileManager.default.fileExists(atPath: agent.desktop.keyringFile.path))

            try FileManager.default.moveItem(at: aside, to: agent.desktop.keyringFile)
            try Self.showChange(agent, ahead: 120)
            #expect(try await agent.refusal(of: "token.get", ["force": true])?.code == 1004)
            try await agent.desktop.unlockKeyring()
            #expect(try await agent.record() == before)
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            #expect(try await agent.desktop.callCount("CreateCollection") == 0)
            #expect(try await agent.desktop.promptTraffic().isEmpty)
        }
    }

    /// gnome-keyring lists its directory when that has another time of modification, in whole seconds, than the last time, and misses only files that
    /// it has listed.
    private static func showChange(_ agent: RunningAgent, ahead seconds: Double) throws {
        try FileManager.default.setAttributes(
            [.modificationDate: Date.now + seconds],
            ofItemAtPath: agent.desktop.keyringFile.deletingLastPathComponent().path)
    }

    @Test("row 24: a truncated keyring file costs a running daemon nothing: it saves its record in the next one")
    func truncatedMeanwhile() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let token = try await agent.token()
            let rest = try await Self.truncate(agent)
            #expect(try await agent.token() == token)
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            try await agent.restart()
            try await agent.call("token.get", ["force": true])
            #expect(await agent.presented == [0, 1])
            #expect(try Data(contentsOf: agent.desktop.keyringFile) == rest)
        }
    }

    @Test("row 24: a daemon that finds a truncated keyring file asks for a sign-in, begins none, and writes nothing")
    func truncatedBefore() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            try await agent.stop()
            let rest = try await Self.truncate(agent)
            await agent.tenant.forgetRequests()
            try await agent.start()
            #expect(try await agent.refusal(of: "token.get")?.cause == "never")
            #expect(await agent.tenant.requests().isEmpty)
            #expect(try await agent.desktop.items().isEmpty)
            #expect(try Data(contentsOf: agent.desktop.keyringFile) == rest)
        }
    }

    /// Cuts the keyring's file short while the provider is away, which then makes another file, with an empty keyring.
    ///
    /// - Returns: what is left in the file.
    private static func truncate(_ agent: RunningAgent) async throws -> Data {
        try await agent.desktop.killKeyring()
        let rest = try Data(contentsOf: agent.desktop.keyringFile).prefix(120)
        try rest.write(to: agent.desktop.keyringFile)
        try await agent.desktop.startKeyring(unlocked: true)
        return rest
    }

    enum Trouble: String, CaseIterable, CustomTestStringConvertible {
        case full, readOnly

        func begin(_ disk: SmallDisk) async throws {
            switch self {
            case .full: try disk.fill()
            case .readOnly: try await disk.setReadOnly(true)
            }
        }

        func end(_ disk: SmallDisk) async throws {
            switch self {
            case .full: try disk.makeRoom()
            case .readOnly: try await disk.setReadOnly(false)
            }
        }

        var testDescription: String { rawValue }
    }

    /// Runs `body` with a keyring on a disk of its own.
    private static func withKeyringDisk(
        _ body: @escaping @Sendable (RunningAgent, SmallDisk) async throws -> Void
    ) async throws {
        try await withSmallDisk { disk in
            try await withRunningAgent(dataHome: disk.directory.path) { try await body($0, disk) }
        }
    }

    @Test(
        "row 25: on a full or read-only disk no refresh token is spent, the cause is storage_full, and room heals it",
        arguments: Trouble.allCases)
    func beforeRefresh(_ trouble: Trouble) async throws {
        try await Self.withKeyringDisk { agent, disk in
            try await agent.signIn()
            let token = try await agent.token()
            let before = try await agent.record()
            try await trouble.begin(disk)
            let refusal = try await agent.refusal(of: "token.get", ["force": true])
            #expect(refusal?.code == 1005 && refusal?.cause == "storage_full")
            #expect(await agent.refreshes.isEmpty)
            #expect(try await agent.status()["last_error"]?["data"]?["cause"] == "storage_full")
            #expect(try await agent.token() == token)
            #expect(try await agent.record() == before)
            try await trouble.end(disk)
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            #expect(await agent.presented == [0])
            #expect(try await agent.record()?["refresh_token"] != before?["refresh_token"])
        }
    }

    @Test(
        "row 25: a token whose disk fills up during the refresh is handed out, and saved by itself once there is room",
        arguments: Trouble.allCases)
    func duringRefresh(_ trouble: Trouble) async throws {
        try await Self.withKeyringDisk { agent, disk in
            try await agent.signIn()
            let before = try await agent.record()
            try await agent.rotateUnsaved { try await trouble.begin(disk) }
            #expect(try await agent.status()["last_error"]?["data"]?["cause"] == "storage_full")
            #expect(try await agent.record()?["refresh_token"] == before?["refresh_token"])
            try await trouble.end(disk)
            try await agent.awaitSaved()
            try await agent.restart()
            try await agent.call("token.get", ["force": true])
            #expect(await agent.presented == [0, 1])
        }
    }

    @Test(
        "row 25: nobody is sent a code while the disk would not take the sign-in",
        arguments: Trouble.allCases)
    func beforeSignIn(_ trouble: Trouble) async throws {
        try await Self.withKeyringDisk { agent, disk in
            try await trouble.begin(disk)
            #expect(try await agent.refusal(of: "login.start")?.cause == "storage_full")
            #expect(try await agent.postern("login").exit == .status(74))
            #expect(await agent.tenant.messages.isEmpty)
            try await trouble.end(disk)
            try await agent.signIn()
        }
    }
}
