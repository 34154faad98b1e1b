import DevTenant
import Foundation
import Testing

@Suite("Time-based one-time passwords", .timeLimit(.minutes(5)))
struct TOTPTests {
    /// "12345678901234567890" in base32.
    private static let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

    @Test(
        "the test vectors of RFC 6238, appendix B, come out",
        arguments: [
            (59, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"), (1_234_567_890, "005924"),
            (2_000_000_000, "279037"), (20_000_000_000, "353130"),
        ])
    func vectors(time: Double, code: String) throws {
        let totp = try #require(TOTP(secret: Self.secret))
        #expect(totp.code(at: Date(timeIntervalSince1970: time)) == code)
    }

    private static let oathtool = "/usr/bin/oathtool"

    @Test(
        "oathtool makes the same code of an enrolled secret",
        .enabled(if: FileManager.default.isExecutableFile(atPath: oathtool), "needs the package oathtool"))
    func agreesWithOathtool() async throws {
        try await withFactors([]) { tenant, client in
            let token = try await client.mfaToken(from: tenant)
            let secret = try #require(
                try await client.associate(token, ["authenticator_types": ["otp"]])["secret"])
            let now = await tenant.now.timeIntervalSince1970
            let process = Process()
            let (input, output) = (Pipe(), Pipe())
            process.executableURL = URL(filePath: Self.oathtool)
            process.arguments = ["--totp", "--base32", "--now", "@\(Int(now))", "-"]
            process.standardInput = input
            process.standardOutput = output
            try process.run()
            try input.fileHandleForWriting.write(contentsOf: Data((secret + "\n").utf8))
            try input.fileHandleForWriting.close()
            let printed = String(
                decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
            process.waitUntilExit()
            let code = printed.trimmingCharacters(in: .newlines)
            #expect(try await tenant.totpCode(for: "ada@example.com") == code)
            #expect(try await client.prove(token, otp: code).status == 200)
        }
    }

    @Test("text that is not base32 is no secret")
    func notBase32() {
        #expect(TOTP(secret: "01189998819991197253") == nil)
    }
}
