import Crypto
import Foundation
import SwiftASN1
import X509
import _CryptoExtras

/// An RSA key that signs tokens, and what the key set shows of it.
struct SigningKey: Sendable {
    let privateKey: _RSA.Signing.PrivateKey
    let id: String
    /// The public half as a member of a JSON Web Key Set, with the self-signed certificate that Auth0 adds.
    let jwk: JSON

    init(now: Date) throws {
        privateKey = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        id = RandomText.token(bytes: 16)
        let name = try DistinguishedName { CommonName("postern-devtenant") }
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(privateKey.publicKey),
            notValidBefore: now - 86_400, notValidAfter: now + 10 * 365 * 86_400,
            issuer: name, subject: name, signatureAlgorithm: .sha256WithRSAEncryption,
            extensions: try .init { Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil)) },
            issuerPrivateKey: .init(privateKey))
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        let der = Data(serializer.serializedBytes)
        let numbers = try privateKey.publicKey.getKeyPrimitives()
        jwk = [
            "alg": "RS256", "kty": "RSA", "use": "sig", "kid": .string(id),
            "n": .string(numbers.modulus.base64URL),
            "e": .string(numbers.publicExponent.base64URL),
            "x5c": [.string(der.base64EncodedString())],
            "x5t": .string(Data(Insecure.SHA1.hash(data: der)).base64URL),
        ]
    }

    func signature(for text: String) throws -> Data {
        try privateKey.signature(for: Data(text.utf8), padding: .insecurePKCS1v1_5).rawRepresentation
    }
}
