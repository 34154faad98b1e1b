import Foundation

/// What can be wrong with an ID token on order, one rule of its verification each.
package enum IDTokenFlaw: String, Sendable, Codable, CaseIterable {
    /// Signed by a key that is in no key set.
    case unknownKey
    case unsecured
    /// Signed with HS256.
    case sharedSecret
    /// The signature is another text's.
    case badSignature
    /// The final slash is missing.
    case issuerWithoutSlash
    case otherAudience
    /// Right in itself: two audiences, and `azp` names the client.
    case severalAudiences
    case severalAudiencesWithoutParty
    case expired
    case withoutSubject
    case otherSubject
    case withoutIssueTime
}

extension DevTenant {
    /// Writes an ID token of `claims` that has the flaw, or none.
    func idToken(_ claims: [String: JSON], flaw: IDTokenFlaw?) throws -> String {
        var claims = claims
        let key = try signingKeys.signing(now: now)
        let audience = claims["aud"] ?? .null
        switch flaw {
        case .issuerWithoutSlash: claims["iss"] = .string(String(issuer.dropLast()))
        case .otherAudience: claims["aud"] = "somebody-else"
        case .severalAudiences:
            claims["aud"] = [audience, "somebody-else"]
            claims["azp"] = audience
        case .severalAudiencesWithoutParty: claims["aud"] = [audience, "somebody-else"]
        case .expired: claims["exp"] = .integer(unixTime - 3600)
        case .withoutSubject: claims["sub"] = nil
        case .otherSubject: claims["sub"] = .string("email|" + RandomText.hex(digits: 24))
        case .withoutIssueTime: claims["iat"] = nil
        case .unknownKey, .unsecured, .sharedSecret, .badSignature, nil: break
        }
        let token = try JSONWebToken.signed(.object(claims), by: key)
        return switch flaw {
        case .unknownKey: try JSONWebToken.signed(.object(claims), by: SigningKey(now: now))
        case .unsecured: JSONWebToken.unsecured(.object(claims), keyID: key.id)
        case .sharedSecret:
            JSONWebToken.hmac(.object(claims), secret: "a shared secret", keyID: key.id)
        case .badSignature:
            token.split(separator: ".").dropLast().joined(separator: ".") + "."
                + (try key.signature(for: "another text").base64URL)
        default: token
        }
    }
}
