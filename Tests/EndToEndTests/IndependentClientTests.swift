import DevTenant
import Foundation
import TestSupport
import Testing

/// Programs that other people wrote: what they get through, the project's own client and its tests cannot have agreed upon in secret.
@Suite("Independent clients")
struct IndependentClientTests {
    /// An interpreter with what Tests/clients/requirements.txt names; scripts/test makes one.
    static let python = ProcessInfo.processInfo.environment["POSTERN_TEST_PYTHON"]

    private func script(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "clients/\(name)").path
    }

    private let hello = #"{"jsonrpc":"2.0","id":1,"method":"agent.hello"}"#

    @Test(
        "jsonrpcclient calls the agent",
        .enabled(if: python != nil, "POSTERN_TEST_PYTHON names an interpreter with Tests/clients/requirements.txt"))
    func jsonrpcclient() async throws {
        let python = try #require(Self.python)
        let script = script("jsonrpc_client.py")
        try await withRunningAgent { agent in
            try await agent.signIn()
            let client = try await agent.desktop.run(python, [script, agent.socketPath])
            #expect(client.exit == .status(0), "\(client.error)")
        }
    }

    @Test(
        "Auth0's own Python SDK signs in to the development tenant",
        .enabled(if: python != nil, "POSTERN_TEST_PYTHON names an interpreter with Tests/clients/requirements.txt"))
    func auth0SDK() async throws {
        let python = try #require(Self.python)
        let script = script("auth0_sdk.py")
        try await withPlace {
            let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
            // A directory left behind must not hide what the test found.
            defer { try? FileManager.default.removeItem(at: directory) }
            let authority = directory.appending(path: "ca.pem").path
            let environment = ProcessInfo.processInfo.environment.filter { $0.key == "PATH" }
            try await withChildProcess(
                BuiltProduct.devTenant.path, ["--tls", "--ca-file", authority], environment: environment
            ) { tenant in
                let issuer = try await withDeadline { try await tenant.line { $0.hasPrefix("https://") } }
                let domain = issuer.dropFirst("https://".count).dropLast()
                let client = try await withDeadline(.seconds(60)) {
                    try await ChildProcess.run(python, [script, String(domain), authority], environment: environment)
                }
                #expect(client.exit == .status(0), "\(client.error)")
            }
        }
    }

    @Test(
        "one-line clients get their answer and end by themselves",
        arguments: [["nc", "-N", "-U"], ["socat", "-t10", "-"]])
    func oneLiners(_ command: [String]) async throws {
        try await withRunningAgent(provider: .none) { agent in
            let isSocat = command[0] == "socat"
            let address = isSocat ? "UNIX-CONNECT:\(agent.socketPath)" : agent.socketPath
            for line in [hello, hello + "\n", hello + "\n" + hello] {
                let client = try await withDeadline {
                    try await ChildProcess.run(
                        command[0], Array(command.dropFirst()) + [address], environment: agent.environment, input: line)
                }
                #expect(client.exit == .status(0), "\(client.error)")
                let answers = client.output.split(separator: "\n")
                #expect(answers.count == line.split(separator: "\n").count)
                #expect(answers.allSatisfy { JSON(text: $0)?["result"]?["name"] == "posternd" })
            }
        }
    }
}
