import DevTenant
import Foundation
import Glibc
import TestSupport
import Testing

@Suite("The daemon")
struct DaemonTests {
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
}
