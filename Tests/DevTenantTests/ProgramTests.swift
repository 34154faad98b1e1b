import DevTenant
import Foundation
import FoundationNetworking
import Testing

@Suite("The program postern-devtenant", .timeLimit(.minutes(5)))
struct ProgramTests {
    /// The built program lies beside the bundle the tests run from.
    private static var program: URL {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
        return URL(filePath: bundle).deletingLastPathComponent().appending(path: "postern-devtenant")
    }

    private static func start(_ arguments: [String]) throws -> (process: Process, output: FileHandle) {
        let process = Process()
        let output = Pipe()
        process.executableURL = program
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        return (process, output.fileHandleForReading)
    }

    @Test("prints its issuer and the codes, and ends with 0 when told to", arguments: [SIGTERM, SIGINT])
    func serves(signal: Int32) async throws {
        let (process, output) = try Self.start([])
        var lines = LineReader(output)
        let issuer = try #require(await lines.next())
        let client = TenantClient(issuer: issuer)
        try await client.start()
        let line = try #require(await lines.next())
        let code = try #require(try await client.get("_dev/code?to=ada%40example.com")["code"])
        #expect(line == "code for ada@example.com: \(code)")
        kill(process.processIdentifier, signal)
        #expect(await lines.next() == nil)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(process.terminationReason == .exit)
    }

    @Test("asks for a second factor and lets people enrol what it was told to")
    func secondFactor() async throws {
        let (process, output) = try Self.start([
            "--mfa", "always", "--mfa-requirements", "factors", "--enroll", "sms,otp", "--no-recovery-codes",
        ])
        var lines = LineReader(output)
        let client = TenantClient(issuer: try #require(await lines.next()))
        try await client.start()
        let code = try #require(await lines.next()?.suffix(6))
        let demand = try await client.redeem(String(code))
        #expect(demand.json?["mfa_requirements"] == ["enroll": [["type": "phone"], ["type": "otp"]]])
        let token = try #require(demand["mfa_token"])
        #expect(
            try await client.associate(token, ["authenticator_types": ["oob"], "oob_channels": ["auth0"]]).status
                == 400)
        let answer = try await client.associateSMS(token)
        #expect(answer.json?["recovery_codes"] == nil)
        let line = try #require(await lines.next())
        #expect(line.hasPrefix("code for +15550100: "))
        let tokens = try await client.prove(token, oobCode: answer["oob_code"], bindingCode: String(line.suffix(6)))
        #expect(tokens.status == 200)
        kill(process.processIdentifier, SIGTERM)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    @Test(
        "a mistake on the command line is 64",
        arguments: [
            ["--nonsense"], ["--port", "70000"], ["--ca-file", "ca.pem"], ["--client-secret-file", "/none"],
            ["--mfa", "sometimes"], ["--enroll", "otp,duo"], ["--mfa-requirements", "all"], ["--push-interval=-1"],
        ])
    func usage(arguments: [String]) throws {
        let (process, _) = try Self.start(arguments)
        process.waitUntilExit()
        #expect(process.terminationStatus == 64)
    }
}

/// Reads lines from a pipe as they come in.
private struct LineReader {
    private let chunks: AsyncStream<Data>
    private var rest = ""

    init(_ handle: FileHandle) {
        chunks = AsyncStream<Data> { continuation in
            handle.readabilityHandler = { handle in
                let data = handle.availableData
                if data.isEmpty { continuation.finish() } else { continuation.yield(data) }
            }
            continuation.onTermination = { _ in handle.readabilityHandler = nil }
        }
    }

    /// The next line without its newline; nil at the end.
    mutating func next() async -> String? {
        while !rest.contains("\n") {
            var iterator = chunks.makeAsyncIterator()
            guard let chunk = await iterator.next() else { return nil }
            rest += String(decoding: chunk, as: UTF8.self)
        }
        let line = rest.prefix { $0 != "\n" }
        rest.removeFirst(line.count + 1)
        return String(line)
    }
}
