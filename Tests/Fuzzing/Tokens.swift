import Foundation
import OutsideInput
import PosternProtocol

@testable import Agent
@testable import Auth0

/// Tokens as a tenant issues them, or whoever answers in its place.
enum Tokens {
    static func readResponse(_ bytes: [UInt8]) {
        do throws(TokenResponse.Malformed) {
            let response = try TokenResponse(json: bytes)
            check((1...TokenResponse.longestLifetime).contains(response.expiresIn), "a lifetime is in its range")
            check(response.accessToken.isBearerToken, "a token can be sent")
            checkShown(response.recoveryCode?.revealed, "a recovery code")
            checkRefreshToken(response.refreshToken)
            checkSignIn(response)
        } catch {
            checkShown(error.reason, "an error")
            checkRefreshToken(error.refreshToken)
        }
    }

    private static func checkRefreshToken(_ token: Secret?) {
        guard let token = token?.revealed else { return }
        check((1...TokenResponse.refreshTokenLimit).contains(token.utf8.count), "a refresh token can be kept")
    }

    /// Whatever a tenant answers: who has signed in by it is signed in after a restart.
    private static func checkSignIn(_ response: TokenResponse) {
        guard let profile else { return check(false, "there is a profile") }
        let now = FixedClock().now
        let token = AccessToken(
            key: .standard, response, standardScope: profile.scope, sentAt: now, receivedAt: now + 1)
        check(token.isSound, "a token's times are in order")
        check(token.scope.utf8.count <= TenantScope.byteLimit, "a scope has its limit")
        // An ID token that is too long has been refused before (JWTParts).
        let idToken = response.idToken.flatMap { JWTParts($0) == nil ? nil : $0 }
        Records.checkSaving(
            Credentials(
                binding: Credentials.Binding(profile), account: PosternProtocol.Account(sub: "email|1"),
                signedInAt: FixedClock.seconds, refreshToken: response.refreshToken, idToken: idToken, token: token))
    }

    private static let profile = SilentTenant.issuer.map { issuer in
        Profile(name: "work", issuer: issuer, clientID: SilentTenant.clientID)
    }

    static func readAccessToken(_ bytes: [UInt8]) {
        _ = UnverifiedAccessToken.audiences(Secret(text(bytes)))
    }

    /// The token in its compact form; or, because nobody guesses base64url, its payload as JSON.
    static func readIDToken(_ bytes: [UInt8]) {
        if bytes.first == UInt8(ascii: "{") {
            let token = [Array(#"{"alg":"RS256","kid":"1"}"#.utf8), bytes, [0]].map(encoded).joined(separator: ".")
            if token.utf8.count <= JWTParts.limit {
                check(JWTParts(Secret(token))?.payload == bytes, "a payload is decoded as it was encoded")
            }
            return readClaims(Secret(token))
        }
        let token = Secret(text(bytes))
        guard let parts = JWTParts(token) else { return }
        check(parts.signed.count < bytes.count, "the signature is not signed")
        // What does not decode is no header.
        if let header = try? TenantJSON.decode(JWTParts.Header.self, from: parts.header) {
            checkShown(IDTokenError.algorithm(header.alg ?? "").rule, "an error")
            checkShown(IDTokenError.unknownKey(header.kid ?? "").rule, "an error")
        }
        readClaims(token)
    }

    private static func readClaims(_ token: Secret) {
        check(IDTokenClaims.expiry(ofVerified: token).map(IDTokenClaims.times.contains) ?? true, "a time is one")
        _ = IDTokenClaims.subject(ofVerified: token)
        guard let json = IDTokenClaims.json(ofVerified: token),
            let claims = try? TenantJSON.decode(IDTokenClaims.self, from: json)
        else { return }
        checkShown(IDTokenError.issuer(claims.iss).rule, "an error")
        // As the verifier asks, so that whoever asks for the claims can be shown all of them.
        guard (try? TenantJSON.decode(WholeJSON.self, from: json)) != nil else { return }
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(json)) else {
            return check(false, "claims that were accepted can be shown")
        }
        checkRoundTrip(value)
    }

    /// The payload of a token whose signature is the tenant's, and the person that it is about.
    static func readVerified(_ payload: [UInt8]) {
        guard let api = SilentTenant.api, let profile else { return check(false, "there is a tenant") }
        // What does not decode is no ID token.
        guard let claims = try? TenantJSON.decode(IDTokenClaims.self, from: payload) else { return }
        let verifier = IDTokenVerifier(api: api) { FixedClock().now }
        let broken = verifier.brokenRule(in: claims, subject: nil)
        let elsewhere = verifier.brokenRule(in: claims, subject: "email|2")
        checkShown(broken?.rule, "an error")
        if let broken, broken != .expired, broken != .notYetValid {
            return check(elsewhere == broken, "whom it must be about comes after the rules of the token")
        }
        check((elsewhere == .otherSubject) == (claims.sub != "email|2"), "nobody else is taken for the person")
        guard broken == nil else { return }
        let now = Double(FixedClock.seconds)
        let range = now - IDTokenVerifier.leeway...IDTokenClaims.times.upperBound
        check(claims.exp.map(range.contains) == true, "it has not expired")
        check(claims.iss == api.issuer.description, "it is the tenant's")
        check(claims.aud?.values.contains(api.clientID) == true, "it is for this client")
        let person = PosternProtocol.Account(claims)
        for text in [person.email, person.phoneNumber, person.name] { checkShown(text, "a person") }
        Records.checkSaving(
            Credentials(
                binding: Credentials.Binding(profile), account: person, signedInAt: FixedClock.seconds,
                refreshToken: Secret("refresh")))
    }

    private static func encoded(_ bytes: [UInt8]) -> String {
        let base64 = Data(bytes).base64EncodedString()
        return base64.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
