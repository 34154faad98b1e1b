package import FoundationEssentials
import JWTKit

/// Validates ID tokens of one tenant and client (OpenID Connect Core, sections 3.1.3.7 and 12.2, in the order Auth0's SDKs use).
///
/// JWTKit would verify with a default key when `kid` is unknown, and with the algorithm the token names when the key names none, so `kid` is looked
/// up and RS256 pinned here.
package actor IDTokenVerifier {
    /// How far the tenant's clock may be off, seconds.
    static let leeway: TimeInterval = 60
    /// An unknown `kid` has the keys fetched again at most this often, seconds.
    static let refetchInterval: TimeInterval = 60

    private let api: AuthenticationAPI
    private let now: @Sendable () -> Date
    private var keys: KeySet?
    private var refetchedAt = Date.distantPast

    package init(api: AuthenticationAPI, now: @escaping @Sendable () -> Date) {
        self.api = api
        self.now = now
    }

    package enum Failure: Error {
        case invalid(IDTokenError)
        /// The keys could not be fetched, which says nothing about the token.
        case keysUnavailable(Auth0Error)
    }

    /// - Parameter subject: after a refresh, the person it must still be about.
    package func verify(_ token: Secret, subject: String? = nil) async throws(Failure) -> IDTokenClaims {
        let bytes = Array(token.revealed.utf8)
        guard let (header, claims, _) = try? DefaultJWTParser().parse(bytes, as: IDTokenClaims.self) else {
            throw .invalid(.malformed)  // whatever the parser disliked, it is no ID token
        }
        guard header.alg == "RS256" else { throw .invalid(.algorithm(header.alg ?? "missing")) }
        guard let kid = header.kid, !kid.isEmpty else { throw .invalid(.missingKeyID) }
        let key = try await key(kid)
        let collection = await JWTKeyCollection().add(rsa: key, digestAlgorithm: .sha256, kid: .init(string: kid))
        do {
            _ = try await collection.verify(bytes, as: IDTokenClaims.self)
        } catch {
            throw .invalid(.signature)
        }
        if let broken = brokenRule(in: claims, subject: subject) {
            throw .invalid(broken)
        }
        return claims
    }

    /// Whether ``verify(_:subject:)`` can do without fetching keys.
    package func knowsKey(of token: Secret) -> Bool {
        // A token that cannot be parsed will be refused without any key.
        guard let header = try? DefaultJWTParser().parse(Array(token.revealed.utf8), as: IDTokenClaims.self).header,
            let kid = header.kid
        else { return true }
        return keys?.key(kid) != nil
    }

    /// Fetches the keys if there are none yet, so that ``verify(_:subject:)`` seldom needs the network.
    package func prepare() async throws(Auth0Error) {
        guard keys == nil else { return }
        keys = try await api.keySet()
    }

    private func key(_ kid: String) async throws(Failure) -> Insecure.RSA.PublicKey {
        if let key = keys?.key(kid) {
            return key
        }
        if keys != nil {
            guard now().timeIntervalSince(refetchedAt) >= Self.refetchInterval else { throw .invalid(.unknownKey(kid)) }
            refetchedAt = now()
        }
        do {
            keys = try await api.keySet()
        } catch {
            throw .keysUnavailable(error)
        }
        guard let key = keys?.key(kid) else { throw .invalid(.unknownKey(kid)) }
        return key
    }

    private func brokenRule(in claims: IDTokenClaims, subject: String?) -> IDTokenError? {
        let time = now().timeIntervalSince1970
        guard claims.iss == api.issuer.description else { return .issuer(claims.iss) }
        guard let sub = claims.sub, !sub.isEmpty else { return .subject }
        guard let audiences = claims.aud?.values, audiences.contains(api.clientID) else { return .audience }
        guard let exp = claims.exp else { return .expiry }
        guard claims.iat != nil else { return .issuedAt }
        guard audiences.count == 1 || claims.azp != nil, claims.azp ?? api.clientID == api.clientID else {
            return .authorizedParty
        }
        guard subject == nil || subject == sub else { return .otherSubject }
        // The rules of time come last: a token that breaks one of them breaks no other.
        guard exp + Self.leeway > time else { return .expired }
        guard claims.nbf.map({ $0 <= time + Self.leeway }) ?? true else { return .notYetValid }
        return nil
    }
}
