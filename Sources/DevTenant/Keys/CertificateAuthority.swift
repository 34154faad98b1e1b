import Crypto
import Foundation
import NIOSSL
import SwiftASN1
import X509

/// A certificate authority of this tenant's own, which certifies one server key for the loopback addresses.
struct CertificateAuthority: Sendable {
    /// What a client has to trust.
    let certificatePEM: String
    let serverConfiguration: TLSConfiguration

    /// Valid from a day before `now` for a year; `now` is the machine's time, for TLS libraries know no other.
    init(now: Date) throws {
        let validFrom = now - 86_400
        let validTo = now + 365 * 86_400
        let rootKey = P256.Signing.PrivateKey()
        let rootName = try DistinguishedName { CommonName("postern-devtenant CA") }
        let rootKeyID = SubjectKeyIdentifier(hash: .init(rootKey.publicKey))
        let root = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(rootKey.publicKey),
            notValidBefore: validFrom, notValidAfter: validTo, issuer: rootName, subject: rootName,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try .init {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true))
                rootKeyID
            },
            issuerPrivateKey: .init(rootKey))

        let leafKey = P256.Signing.PrivateKey()
        let leaf = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(leafKey.publicKey),
            notValidBefore: validFrom, notValidAfter: validTo, issuer: rootName,
            subject: try DistinguishedName { CommonName("localhost") },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try .init {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames([
                    .dnsName("localhost"),
                    .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1])),
                    .ipAddress(ASN1OctetString(contentBytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])),
                ])
                AuthorityKeyIdentifier(keyIdentifier: rootKeyID.keyIdentifier)
            },
            issuerPrivateKey: .init(rootKey))

        certificatePEM = try root.serializeAsPEM().pemString + "\n"
        serverConfiguration = .makeServerConfiguration(
            certificateChain: [
                .certificate(try NIOSSLCertificate(bytes: Array(leaf.serializeAsPEM().pemString.utf8), format: .pem))
            ],
            privateKey: .privateKey(
                try NIOSSLPrivateKey(bytes: Array(leafKey.pemRepresentation.utf8), format: .pem)))
    }
}
