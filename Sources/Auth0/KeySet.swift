import FoundationEssentials
import JWTKit

/// The RSA keys of a JSON Web Key Set that may sign ID tokens (RFC 7517, section 5), by their `kid`.
package struct KeySet: Sendable {
    private let keys: [String: Insecure.RSA.PublicKey]

    /// Nil if the bytes are no key set. Keys of other types, for other uses, or without a `kid` are left out.
    init?(json: [UInt8]) {
        // Bytes that do not decode are no key set.
        guard let raw = try? JSONDecoder().decode(Raw.self, from: Data(json)) else { return nil }
        keys = raw.keys.reduce(into: [:]) { keys, key in
            // A key that cannot be used is as good as absent.
            guard key.kty == "RSA", key.use ?? "sig" == "sig", key.alg ?? "RS256" == "RS256",
                let kid = key.kid, let n = key.n, let e = key.e,
                let publicKey = try? Insecure.RSA.PublicKey(modulus: n, exponent: e)
            else { return }
            keys[kid] = publicKey
        }
    }

    func key(_ kid: String) -> Insecure.RSA.PublicKey? {
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
    }
}
