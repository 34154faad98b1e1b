import _CryptoExtras

/// A fresh RSA key in PEM.
func rsaKeyPEM() throws -> String {
    try _RSA.Signing.PrivateKey(keySize: .bits2048).pemRepresentation
}
