import DevTenant
import Foundation
import Testing

@testable import Auth0

@Suite("The certificates of ca_file")
struct TrustAnchorsTests {
    private static func certificate() throws -> String {
        var options = Options()
        options.usesTLS = true
        return try #require(try DevTenant(options).caCertificatePEM)
    }

    @Test("certificates, blank lines and comments are read, with either end of line")
    func accepted() throws {
        let (one, other) = (try Self.certificate(), try Self.certificate())
        let anchors = try TrustAnchors(pem: "# ours\n\n\(one)\n  \n#theirs\n\(other)")
        #expect(anchors.certificates.count == 2 && anchors.digests.count == 2)
        #expect(anchors.digests.allSatisfy { $0.count == 64 && $0 == $0.lowercased() })
        let foreign = try TrustAnchors(pem: "\(one)\(other)".replacing("\n", with: "\r\n"))
        #expect(foreign == anchors)
    }

    @Test("the order of the certificates and their number do not matter, another one does")
    func equality() throws {
        let (one, other) = (try Self.certificate(), try Self.certificate())
        let both = try TrustAnchors(pem: one + other)
        let again = try TrustAnchors(pem: other + one + other)
        let fewer = try TrustAnchors(pem: one)
        #expect(both == again)
        #expect(fewer != both)
    }

    @Test("a file without a certificate, or with anything else in it, is an error")
    func refused() throws {
        let good = try Self.certificate()
        let lines = good.split(separator: "\n").map(String.init)
        func block(_ label: String) -> String {
            good.replacing("CERTIFICATE", with: label)
        }
        let bad = [
            "", "# nothing\n", "nonsense", good + "nonsense\n", "Subject: CN=x\n" + good, block("PRIVATE KEY"),
            good + block("EC PRIVATE KEY"), good + block("ENCRYPTED PRIVATE KEY"), block("TRUSTED CERTIFICATE"),
            good + block("X509 CRL"), lines.dropLast().joined(separator: "\n"),
            lines.dropFirst().joined(separator: "\n"),
            "-----BEGIN CERTIFICATE-----\n" + good, "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
            ([lines[0]] + lines.dropFirst(2)).joined(separator: "\n"),
            good.replacing("-----END", with: "AAAA\n-----END"),
            " " + good, good + "\u{0}", "- -" + good,
        ]
        for text in bad {
            #expect(throws: TrustAnchors.Invalid.self, "\(text)") { try TrustAnchors(pem: text) }
        }
    }

    @Test("bytes behind a certificate are refused: they would give one anchor two digests")
    func trailing() throws {
        let anchors = try TrustAnchors(pem: try Self.certificate())
        let der = try #require(anchors.certificates.first) + [0, 0, 0]
        let pem = "-----BEGIN CERTIFICATE-----\n\(Data(der).base64EncodedString())\n-----END CERTIFICATE-----\n"
        #expect(throws: TrustAnchors.Invalid.self) { try TrustAnchors(pem: pem) }
    }
}
