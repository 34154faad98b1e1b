import FoundationEssentials
import JWTKit

/// The signed assertion of `private_key_jwt` (Auth0: "Authenticate with Private Key JWT"; RFC 7523, section 3).
struct ClientAssertion: JWTPayload {
    /// `client_assertion_type` beside it.
    static let type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

    var iss: IssuerClaim
    var sub: SubjectClaim
    var aud: AudienceClaim
    var iat: IssuedAtClaim
    var exp: ExpirationClaim
    /// One use each: the tenant refuses a `jti` it has seen.
    var jti: IDClaim

    init(clientID: String, issuer: Issuer, now: Date) {
        iss = .init(value: clientID)
        sub = .init(value: clientID)
        aud = .init(value: [issuer.description])
        iat = .init(value: now)
        exp = .init(value: now.addingTimeInterval(60))
        jti = .init(value: UUID().uuidString)
    }

    func verify(using algorithm: some JWTAlgorithm) throws {}

    /// Signs with RS256, or with ES256 or ES384 if the key is on that curve.
    ///
    /// - Throws: ``InvalidPrivateKey`` if the PEM holds none of these keys.
    func signed(with privateKey: Secret) async throws -> String {
        try await Self.keys(from: privateKey.revealed).sign(self)
    }

    /// Whether a PEM text holds a key that ``signed(with:)`` can use.
    static func accepts(privateKey: Secret) async -> Bool {
        (try? await keys(from: privateKey.revealed)) != nil  // the only error is "no such key"
    }

    private static func keys(from pem: String) async throws(InvalidPrivateKey) -> JWTKeyCollection {
        let keys = JWTKeyCollection()
        // A PEM text does not say its algorithm in a way JWTKit shows, so each kind is tried; only the last failure counts.
        if let key = try? Insecure.RSA.PrivateKey(pem: pem) {
            await keys.add(rsa: key, digestAlgorithm: .sha256)
        } else if let key = try? ES256PrivateKey(pem: pem) {
            await keys.add(ecdsa: key)
        } else if let key = try? ES384PrivateKey(pem: pem) {
            await keys.add(ecdsa: key)
        } else {
            throw InvalidPrivateKey()
        }
        return keys
    }
}

/// The text is no PEM private key of a kind that Auth0 accepts for `private_key_jwt`.
struct InvalidPrivateKey: Error {}

extension ClientAuthentication {
    /// Whether a PEM text holds a key that ``privateKeyJWT(_:)`` can sign with: RSA, P-256 or P-384.
    package static func accepts(privateKey: Secret) async -> Bool {
        await ClientAssertion.accepts(privateKey: privateKey)
    }
}
