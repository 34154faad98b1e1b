/// A secret that the tenant issued or was sent.
package struct KnownSecret: Sendable, Codable, Hashable {
    package enum Kind: String, Sendable, Codable {
        case code
        case accessToken
        case refreshToken
        case idToken
        case mfaToken
        case oobCode
        case totpSecret
        case recoveryCode
        /// What a push enrolment's picture carries.
        case enrollment
        case clientSecret
        case clientAssertion
    }

    package let kind: Kind
    package let value: String
}

/// Every secret that ever passed through the tenant, for tests that look for leaks.
struct SecretLedger: Sendable {
    private(set) var secrets: [KnownSecret] = []
    private var known: Set<KnownSecret> = []

    mutating func add(_ kind: KnownSecret.Kind, _ value: String?) {
        guard let value, !value.isEmpty else { return }
        let secret = KnownSecret(kind: kind, value: value)
        if known.insert(secret).inserted { secrets.append(secret) }
    }

    /// Notes the secrets among the parameters of a request.
    mutating func add(_ parameters: Parameters) {
        add(.code, parameters["otp"])
        add(.code, parameters["verification_code"])
        add(.code, parameters["binding_code"])
        add(.mfaToken, parameters["mfa_token"])
        add(.oobCode, parameters["oob_code"])
        add(.recoveryCode, parameters["recovery_code"])
        add(.refreshToken, parameters["refresh_token"])
        add(.refreshToken, parameters["token"])
        add(.clientSecret, parameters["client_secret"])
        add(.clientAssertion, parameters["client_assertion"])
    }
}
