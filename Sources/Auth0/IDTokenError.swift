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
    case expiry
    case issuedAt
    case authorizedParty
    /// The refreshed token is about another person.
    case otherSubject
    /// This one and the next: all other rules are kept, so it may be this machine's clock that is wrong.
    case expired
    case notYetValid

    /// A sentence about the rule. Text from the token is printable and cut.
    package var rule: String {
        switch self {
        case .malformed: "it is not a signed JSON Web Token"
        case .algorithm(let name): "its algorithm is \(TenantText.printable(name)) and not RS256"
        case .missingKeyID: "its header names no key (kid)"
        case .unknownKey(let kid): "the tenant has no key \(TenantText.printable(kid))"
        case .signature: "its signature is wrong"
        case .issuer(let name): "its issuer (iss) is \(name.map(TenantText.printable) ?? "missing") and not the tenant"
        case .subject: "it names nobody, or by more than can be a name (sub)"
        case .audience: "it was issued to another client (aud)"
        case .expiry: "it does not say when it expires (exp)"
        case .issuedAt: "it does not say when it was issued (iat)"
        case .authorizedParty: "its authorized party (azp) is another client"
        case .otherSubject: "it is about another person (sub) than the one who signed in"
        case .expired: "it has expired (exp)"
        case .notYetValid: "it is not valid yet (nbf)"
        }
    }
}
