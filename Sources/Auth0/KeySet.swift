import CryptoExtras
import FoundationEssentials

/// The RSA keys of a JSON Web Key Set that may sign ID tokens (RFC 7517, section 5), by their `kid`.
package struct KeySet: Sendable {
    /// A tenant signs with one key and announces the next.
    static let limit = 64

    private let keys: [String: _RSA.Signing.PublicKey]

    /// Nil if the bytes are no key set. Keys of other types, for other uses, without a `kid`, or of a size that no tenant uses are left out.
    init?(json: [UInt8]) {
        // Bytes that do not decode are no key set.
        guard let raw = try? TenantJSON.decode(Raw.self, from: json) else { return nil }
        var keys: [String: _RSA.Signing.PublicKey] = [:]
        for key in raw.keys where keys.count < Self.limit {
            guard key.kty == "RSA", key.use ?? "sig" == "sig", key.alg ?? "RS256" == "RS256", let kid = key.kid
            else { continue }
            keys[kid] = key.publicKey
        }
        self.keys = keys
    }

    func key(_ kid: String) -> _RSA.Signing.PublicKey? {
        keys[kid]
    }

    private struct Raw: Decodable {
        var keys: [Key]
    }

    private struct Key: Decodable {
        var kty: String
        var use: String?
        var alg: String?
        var kid: String?
        var n: String?
        var e: String?

        /// Nil if it is none, or one of less than 2,048 bits (RFC 7518, section 3.3) or of more than 8,192, with which verifying takes long.
        var publicKey: _RSA.Signing.PublicKey? {
            guard let n, let e, n.utf8.count <= 1400, e.utf8.count <= 8, let modulus = JWTParts.decoded(n.utf8),
                let exponent = JWTParts.decoded(e.utf8), let last = exponent.last, last % 2 == 1, exponent != [1]
            else { return nil }
            // A key that cannot be used is as good as absent.
            guard let key = try? _RSA.Signing.PublicKey(n: modulus, e: exponent),
                (2048...8192).contains(key.keySizeInBits)
            else { return nil }
            return key
        }
    }
}
