import DevTenant
import Foundation
import Glibc
import TestSupport
import Testing

@Suite("The daemon")
struct DaemonTests {
    /// A further daemon in the same environment.
    private func another(_ agent: RunningAgent) async throws -> ChildProcess.Result {
        try await withDeadline {
            try await ChildProcess.run(BuiltProduct.agent.path, environment: agent.environment)
        }
    }

    @Test("a second one ends with 75 and leaves the first alone")
    func second() async throws {
        try await withRunningAgent(provider: .none) { agent in
            let second = try await another(agent)
            #expect(second.exit == .status(75))
            #expect(try await agent.call("agent.hello")["pid"]?.integer == Int(await agent.processID))
        }
    }

    @Test("a socket left behind by a crash is replaced; one that asked to stop leaves none")
    func stale() async throws {
        try await withRunningAgent(provider: .none) { agent in
            try await agent.crash()
            #expect(FileManager.default.fileExists(atPath: agent.socketPath))
            try await agent.start()
            #expect(try await agent.call("agent.hello")["name"] == "posternd")
            #expect(try await agent.stop() == .status(0))
            #expect(!FileManager.default.fileExists(atPath: agent.socketPath))
        }
    }

    @Test("a socket directory that others can write to is refused, and so is a file in the socket's place")
    func unsafePlace() async throws {
        try await withRunningAgent(provider: .none, starting: false) { agent in
            let directory = URL(filePath: agent.socketPath).deletingLastPathComponent().path
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
            chmod(directory, 0o777)
            let open = try await another(agent)
            #expect(open.exit == .status(70))
            #expect(open.error.contains(directory))
            chmod(directory, 0o700)
            try Data("precious".utf8).write(to: URL(filePath: agent.socketPath))
            #expect(try await another(agent).exit == .status(70))
            #expect(try String(contentsOf: URL(filePath: agent.socketPath), encoding: .utf8) == "precious")
        }
    }

    @Test("a path too long for a socket is said to be so")
    func longPath() async throws {
        let path = "/tmp/" + String(repeating: "x", count: 120)
        try await withRunningAgent(provider: .none, environment: ["POSTERN_SOCKET": path], starting: false) { agent in
            let daemon = try await another(agent)
            #expect(daemon.exit == .status(70))
            #expect(daemon.error.contains("107"))
        }
    }

    @Test("a socket inherited from the service manager is served and stays when the daemon ends")
    func inherited() async throws {
        try await withRunningAgent(starting: false) { agent in
            let directory = URL(filePath: agent.socketPath).deletingLastPathComponent().path
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            let settings = agent.environment.map { "--setenv=\($0.key)=\($0.value)" }
            try await withChildProcess(
                "systemd-socket-activate", settings + ["--listen=\(agent.socketPath)", BuiltProduct.agent.path],
                environment: agent.environment
            ) { daemon in
                try await withDeadline { try await daemon.line(of: .error) { $0.contains("Listening on") } }
                // The first connection starts the daemon, and waits for it.
                #expect(try await agent.call("agent.hello")["pid"]?.integer == Int(daemon.processID))
                try await agent.signIn()
                daemon.send(SIGTERM)
                #expect(try await withDeadline { await daemon.exit() } == .status(0))
                #expect(FileManager.default.fileExists(atPath: agent.socketPath))
            }
        }
    }

    @Test("asked to stop during a refresh, it waits for the answer and saves it", arguments: [SIGTERM, SIGINT])
    func stopsDuringRefresh(_ signal: Int32) async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let before = try await agent.record()?["refresh_token"]
            await agent.tenant.order(.holdAnswer, at: .token, grant: .refreshToken)
            let connection = try agent.connect()
            try connection.request("token.get", ["force": true])
            try await withDeadline { try await agent.tenant.requestHeld(at: .token, grant: .refreshToken) }
            await agent.send(signal)
            // Its clients are let go of first.
            #expect(try await connection.line() == nil)
            await agent.tenant.release()
            #expect(try await agent.exited() == .status(0))
            let after = try #require(try await agent.record())
            #expect(after["refresh_token"] != before && after["refreshing_since"] == nil)

            try await agent.start()
            #expect(try await agent.call("token.get")["from"] == "cache")
            #expect(await agent.tenant.requests(to: .token, grant: .refreshToken).count == 1)
        }
    }

    @Test("it tells the service manager how many are signed in")
    func status() async throws {
        try await withRunningAgent { agent in
            try await agent.notified("STATUS=Serving 1 profile, 0 signed in")
            try await agent.signIn()
            try await agent.notified("STATUS=Serving 1 profile, 1 signed in")
            await agent.send(SIGTERM)
            try await agent.notified("STOPPING=1")
            #expect(try await agent.exited() == .status(0))
        }
    }

    @Test("other processes of the same user cannot read its memory")
    func hardened() async throws {
        try await withRunningAgent(provider: .none) { agent in
            // proc(5): the files of a process that is not dumpable belong to root; limits tell of the core either way.
            let limits = try String(contentsOfFile: "/proc/\(await agent.processID)/limits", encoding: .utf8)
            let core = limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") }
            #expect(core?.split(separator: " ").suffix(3) == ["0", "0", "bytes"])
        }
    }
}
