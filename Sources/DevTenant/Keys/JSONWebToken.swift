import Crypto
import Foundation

/// Writes tokens in the compact serialization (RFC 7515, section 7.1), including ones no tenant should.
enum JSONWebToken {
    static func signed(_ claims: JSON, by key: SigningKey) throws -> String {
        let text = unsigned(["alg": "RS256", "typ": "JWT", "kid": .string(key.id)], claims)
        return try text + "." + key.signature(for: text).base64URL
    }

    /// Signed with a shared secret, which a native client must refuse.
    static func hmac(_ claims: JSON, secret: String, keyID: String) -> String {
        let text = unsigned(["alg": "HS256", "typ": "JWT", "kid": .string(keyID)], claims)
        let code = HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: SymmetricKey(data: Data(secret.utf8)))
        return text + "." + Data(code).base64URL
    }

    /// `alg: none`: three parts, the last of them empty.
    static func unsecured(_ claims: JSON, keyID: String) -> String {
        unsigned(["alg": "none", "typ": "JWT", "kid": .string(keyID)], claims) + "."
    }

    private static func unsigned(_ header: JSON, _ claims: JSON) -> String {
        Data(header.text.utf8).base64URL + "." + Data(claims.text.utf8).base64URL
    }
}
