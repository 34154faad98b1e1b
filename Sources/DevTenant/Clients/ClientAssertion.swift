import Foundation
import JWTKit

/// The algorithms Auth0 takes for `private_key_jwt`.
package enum AssertionAlgorithm: String, Sendable {
    case RS256, RS384, PS256, PS384, ES256, ES384
}

/// The claims of a `private_key_jwt` client assertion (RFC 7523, section 3).
struct ClientAssertion: JWTPayload {
    static let type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    /// Auth0 takes no assertion longer than this, in bytes.
    static let longest = 2048
    /// Auth0 takes no assertion that lives longer than this, in seconds.
    static let longestLife: Double = 300

    let iss: String
    let sub: String
    let aud: AudienceClaim
    let exp: Double
    let jti: String

    /// Nothing to do here: the tenant's clock is not the machine's, so the claims are judged by ``isValid``.
    func verify(using algorithm: some JWTAlgorithm) async throws {}

    func isValid(for client: String, issuer: String, now: Date) -> Bool {
        let life = exp - now.timeIntervalSince1970
        return iss == client && sub == client && aud.value == [issuer] && !jti.isEmpty
            && life > 0 && life <= Self.longestLife
    }

    /// The claims, if the signature is right; nil otherwise.
    static func verified(_ token: String, keyPEM: String, algorithm: AssertionAlgorithm) async -> ClientAssertion? {
        guard token.utf8.count <= longest else { return nil }
        let keys = JWTKeyCollection()
        do {
            switch algorithm {
            case .RS256: await keys.add(rsa: try Insecure.RSA.PublicKey(pem: keyPEM), digestAlgorithm: .sha256)
            case .RS384: await keys.add(rsa: try Insecure.RSA.PublicKey(pem: keyPEM), digestAlgorithm: .sha384)
            case .PS256: await keys.add(pss: try Insecure.RSA.PublicKey(pem: keyPEM), digestAlgorithm: .sha256)
            case .PS384: await keys.add(pss: try Insecure.RSA.PublicKey(pem: keyPEM), digestAlgorithm: .sha384)
            case .ES256: await keys.add(ecdsa: try ES256PublicKey(pem: keyPEM))
            case .ES384: await keys.add(ecdsa: try ES384PublicKey(pem: keyPEM))
            }
            return try await keys.verify(token, as: ClientAssertion.self)
        } catch {
            // The caller's answer is one and the same for every fault of an assertion.
            return nil
        }
    }
}
