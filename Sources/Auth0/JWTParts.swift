import FoundationEssentials

/// The pieces of a JWT in its compact form (RFC 7519, section 3), with nothing verified.
struct JWTParts {
    /// Decoded.
    let header, payload, signature: [UInt8]
    /// What the signature is of: the first two pieces as they stand in the token (RFC 7515, section 5.2).
    let signed: [UInt8]

    /// A longer token is none, bytes: the keyring's record would not hold it.
    static let limit = 32 * 1024

    /// Nil if it is not three pieces of base64url without padding.
    init?(_ token: Secret, limit: Int = Self.limit) {
        let bytes = Array(token.revealed.utf8)
        guard bytes.count <= limit else { return nil }
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Self.decoded(parts[0]), let payload = Self.decoded(parts[1]),
            let signature = Self.decoded(parts[2])
        else { return nil }
        self.header = header
        self.payload = payload
        self.signature = signature
        signed = Array(bytes[..<parts[1].endIndex])
    }

    /// The header's members that decide how it is verified, each a text or absent (RFC 7515, section 4.1).
    struct Header: Decodable {
        var alg: String?
        var kid: String?
        /// Whether it names extensions that must be understood (section 4.1.11). None is.
        var hasCritical: Bool

        private enum CodingKeys: CodingKey {
            case alg, kid, crit
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            alg = try container.decodeIfPresent(String.self, forKey: .alg)
            kid = try container.decodeIfPresent(String.self, forKey: .kid)
            hasCritical = container.contains(.crit)
        }
    }

    /// Base64url without padding (RFC 7515, section 2), decoded; nil if it is something else.
    static func decoded(_ text: some Collection<UInt8>) -> [UInt8]? {
        var base64: [UInt8] = []
        base64.reserveCapacity(text.count + 3)
        for byte in text {
            switch byte {
            case UInt8(ascii: "-"): base64.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): base64.append(UInt8(ascii: "/"))
            case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="): return nil
            default: base64.append(byte)
            }
        }
        base64 += repeatElement(UInt8(ascii: "="), count: (4 - base64.count % 4) % 4)
        return Data(base64Encoded: Data(base64)).map(Array.init)
    }
}
