import Crypto
import CryptoExtras
package import FoundationEssentials
import OutsideInput

/// Validates ID tokens of one tenant and client (OpenID Connect Core, sections 3.1.3.7 and 12.2, in the order Auth0's SDKs use).
///
/// Before the signature is known to be the tenant's, nothing of the token is read but two texts of its header: a library's reader of headers ended the
/// process at a number in one. RS256 is pinned, and `kid` looked up, here.
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
        guard let parts = JWTParts(token), let header = Self.header(of: parts) else { throw .invalid(.malformed) }
        guard header.alg == "RS256" else { throw .invalid(.algorithm(header.alg ?? "missing")) }
        guard !header.hasCritical else { throw .invalid(.malformed) }
        guard let kid = header.kid, !kid.isEmpty else { throw .invalid(.missingKeyID) }
        let key = try await key(kid)
        let signature = _RSA.Signing.RSASignature(rawRepresentation: parts.signature)
        guard key.isValidSignature(signature, for: SHA256.hash(data: parts.signed), padding: .insecurePKCS1v1_5) else {
            throw .invalid(.signature)
        }
        // What does not decode is no ID token, whoever signed it; nor is one with a claim that nobody could be shown later.
        guard let claims = try? TenantJSON.decode(IDTokenClaims.self, from: parts.payload),
            (try? TenantJSON.decode(WholeJSON.self, from: parts.payload)) != nil
        else { throw .invalid(.malformed) }
        if let broken = brokenRule(in: claims, subject: subject) {
            throw .invalid(broken)
        }
        return claims
    }

    /// Whether ``verify(_:subject:)`` can do without fetching keys.
    package func knowsKey(of token: Secret) -> Bool {
        // A token that cannot be parsed will be refused without any key.
        guard let header = JWTParts(token).flatMap(Self.header), let kid = header.kid else { return true }
        return keys?.key(kid) != nil
    }

    /// Fetches the keys if there are none yet, so that ``verify(_:subject:)`` seldom needs the network.
    package func prepare() async throws(Auth0Error) {
        guard keys == nil else { return }
        keys = try await api.keySet()
    }

    private static func header(of parts: JWTParts) -> JWTParts.Header? {
        // What does not decode is no header.
        try? TenantJSON.decode(JWTParts.Header.self, from: parts.header)
    }

    private func key(_ kid: String) async throws(Failure) -> _RSA.Signing.PublicKey {
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

    /// The first rule that the claims of a token break whose signature is right.
    nonisolated func brokenRule(in claims: IDTokenClaims, subject: String?) -> IDTokenError? {
        let time = now().timeIntervalSince1970
        guard let issuer = claims.iss, issuer.isSame(as: api.issuer.description) else { return .issuer(claims.iss) }
        guard let sub = claims.sub, IDTokenClaims.isSubject(sub) else { return .subject }
        guard let audiences = claims.aud?.values, audiences.contains(where: { $0.isSame(as: api.clientID) }) else {
            return .audience
        }
        guard let exp = claims.expiry else { return .expiry }
        guard let issuedAt = claims.iat, IDTokenClaims.times.contains(issuedAt) else { return .issuedAt }
        guard audiences.count == 1 || claims.azp != nil, (claims.azp ?? api.clientID).isSame(as: api.clientID) else {
            return .authorizedParty
        }
        guard subject?.isSame(as: sub) ?? true else { return .otherSubject }
        // The rules of time come last: a token that breaks one of them breaks no other.
        guard exp + Self.leeway > time else { return .expired }
        guard claims.nbf.map({ $0 <= time + Self.leeway }) ?? true else { return .notYetValid }
        return nil
    }
}
