import Crypto
import FoundationEssentials
import NIOSSL
import OutsideInput

/// The certificates of a `ca_file`, which are trusted besides the system's.
///
/// They are read once, so that what a sign-in is bound to is what its requests trust, whatever happens to the file between.
package struct TrustAnchors: Sendable {
    /// DER, each once, in the order of the file.
    package let certificates: [[UInt8]]
    /// The lower-case hexadecimal SHA-256 of each certificate.
    package let digests: Set<String>

    /// Why a text is no list of certificates, to be read after the file's name.
    package struct Invalid: Error, Equatable {
        package let reason: String
    }

    /// So many certificates are read; twice as many as any system has. A sign-in is bound to each of them, in a record that must stay short.
    static let limit = 512

    /// Reads certificates in PEM (RFC 7468), and between them blank lines and lines that begin with `#`.
    ///
    /// RFC 7468 lets other text stand between blocks. Here it is refused, because a line that is skipped may be the damaged first line of a certificate,
    /// and a private key in this file is a mistake that should come out.
    ///
    /// - Throws: ``Invalid`` if there is no certificate, or anything else.
    package init(pem: String) throws(Invalid) {
        var certificates: [[UInt8]] = []
        var digests: Set<String> = []
        var start: Int?
        var base64 = ""
        // By its bytes: "\r\n" is one Character.
        for (index, bytes) in pem.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated()
        {
            let number = index + 1
            let line = Self.trimmed(bytes)
            if let begin = start {
                if line == "-----END CERTIFICATE-----" {
                    let certificate = try Self.certificate(base64, line: begin)
                    if digests.insert(Self.digest(certificate)).inserted { certificates.append(certificate) }
                    start = nil
                } else if line.hasPrefix("-----") {
                    throw Invalid(reason: "line \(number): the certificate of line \(begin) has no end")
                } else {
                    base64 += line
                }
            } else if line == "-----BEGIN CERTIFICATE-----" {
                start = number
                base64 = ""
            } else if line.hasPrefix("-----BEGIN "), line.contains("PRIVATE KEY") {
                throw Invalid(reason: "line \(number): a private key does not belong here")
            } else if !line.isEmpty, !line.hasPrefix("#") {
                throw Invalid(
                    reason: "line \(number): only certificates (PEM) and lines that begin with # may stand here")
            }
        }
        if let start { throw Invalid(reason: "the certificate of line \(start) has no end") }
        guard !certificates.isEmpty else { throw Invalid(reason: "holds no certificate (PEM)") }
        guard certificates.count <= Self.limit else {
            throw Invalid(reason: "holds \(certificates.count) certificates; \(Self.limit) are the most there can be")
        }
        self.certificates = certificates
        self.digests = digests
    }

    /// Those certificates of several sets that have one of these digests; nil if none has.
    package init?(of sets: [TrustAnchors], among digests: Set<String>) {
        var certificates: [[UInt8]] = []
        var found: Set<String> = []
        for certificate in sets.flatMap(\.certificates) {
            let digest = Self.digest(certificate)
            if digests.contains(digest), found.insert(digest).inserted { certificates.append(certificate) }
        }
        guard !certificates.isEmpty else { return nil }
        self.certificates = certificates
        self.digests = found
    }

    private static func trimmed(_ bytes: Substring.UTF8View) -> String {
        let blanks: Set<UInt8> = [UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r")]
        var rest = bytes
        while let last = rest.last, blanks.contains(last) { rest.removeLast() }
        return String(Substring(rest))
    }

    private static func certificate(_ base64: String, line: Int) throws(Invalid) -> [UInt8] {
        guard let der = Data(base64Encoded: base64).map(Array.init) else {
            throw Invalid(reason: "the certificate of line \(line) is not Base64")
        }
        // Written again it must be the same: the reader accepts bytes behind a certificate, which would make another digest of the same anchor.
        // The library's errors say no more than that it did not parse.
        guard let certificate = try? NIOSSLCertificate(bytes: der, format: .der),
            let written = try? certificate.toDERBytes(), written == der
        else {
            throw Invalid(reason: "the certificate of line \(line) is not an X.509 certificate")
        }
        return der
    }

    private static func digest(_ certificate: [UInt8]) -> String {
        SHA256.hash(data: certificate).hexadecimal
    }
}

extension TrustAnchors: Equatable {
    /// Two files are the same if they hold the same certificates, in whatever order.
    package static func == (one: Self, other: Self) -> Bool {
        one.digests == other.digests
    }
}
