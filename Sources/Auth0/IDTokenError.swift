/// The rule that an ID token broke.
package enum IDTokenError: Error, Equatable, Sendable {
    case malformed
    case algorithm(String)
    case missingKeyID
    case unknownKey(String)
    case signature
    case issuer(String?)
    case subject
    case audience
    case expired
    case issuedAt
    case notYetValid
    case authorizedParty
    /// The refreshed token is about another person.
    case otherSubject

    /// A sentence about the rule. Text from the token is printable and cut.
    package var rule: String {
        switch self {
        case .malformed: "it is not a signed JSON Web Token"
        case .algorithm(let name): "its algorithm is \(TenantText.printable(name)) and not RS256"
        case .missingKeyID: "its header names no key (kid)"
        case .unknownKey(let kid): "the tenant has no key \(TenantText.printable(kid))"
        case .signature: "its signature is wrong"
        case .issuer(let name): "its issuer (iss) is \(name.map(TenantText.printable) ?? "missing") and not the tenant"
        case .subject: "it names nobody (sub)"
        case .audience: "it was issued to another client (aud)"
        case .expired: "it has expired (exp)"
        case .issuedAt: "it does not say when it was issued (iat)"
        case .notYetValid: "it is not valid yet (nbf)"
        case .authorizedParty: "its authorized party (azp) is another client"
        case .otherSubject: "it is about another person (sub) than the one who signed in"
        }
    }
}
