import Crypto
import CryptoExtras
import DevTenant
import Foundation
import Testing

@testable import Auth0

/// ID tokens of somebody who may hold the tenant's key and writes into them what is not meant to be there.
@Suite("A hostile ID token")
struct HostileTokenTests {
    private static let key = Result { try _RSA.Signing.PrivateKey(keySize: .bits2048) }

    private static func base64URL(_ bytes: some DataProtocol) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// A token that is signed as it should be, whatever it says.
    private static func token(_ header: String, _ claims: String) throws -> Secret {
        let signed = base64URL(Data(header.utf8)) + "." + base64URL(Data(claims.utf8))
        let signature = try key.get().signature(for: Data(signed.utf8), padding: .insecurePKCS1v1_5)
        return Secret(signed + "." + base64URL(signature.rawRepresentation))
    }

    private static func goodClaims(_ issuer: String, _ further: String = "") -> String {
        let client = Options().clients[0].id
        return #"{"iss":"\#(issuer)","sub":"a","aud":"\#(client)","iat":1800000000,"exp":1800003600\#(further)}"#
    }

    private static let goodHeader = #"{"alg":"RS256","kid":"k"}"#

    /// A key set of one key.
    private static func keys(kid: String = "k") throws -> String {
        let numbers = try key.get().publicKey.getKeyPrimitives()
        return #"{"keys":[{"kty":"RSA","kid":"\#(kid)","n":"\#(base64URL(numbers.modulus))","e":"AQAB"}]}"#
    }

    private static func brokenRule(
        _ header: String, keys: String? = nil, _ claims: @escaping @Sendable (_ issuer: String) -> String
    ) async throws -> IDTokenError? {
        let keys = try keys ?? Self.keys()
        let result = Box<IDTokenError?>(nil)
        try await TenantFixture.run { fixture in
            await fixture.order(.answer(.text(200, keys, type: "application/json")), at: .keys, times: 9)
            let token = try token(header, claims(await fixture.tenant.issuer))
            do throws(IDTokenVerifier.Failure) {
                _ = await fixture.verifier.knowsKey(of: token)
                _ = try await fixture.verifier.verify(token)
            } catch {
                if case .invalid(let rule) = error { result.set(rule) } else { Issue.record("\(error)") }
            }
            _ = IDTokenClaims.expiry(ofVerified: token)
            _ = IDTokenClaims.json(ofVerified: token)
            _ = UnverifiedAccessToken.audiences(token)
        }
        return result.value
    }

    @Test(
        "may have any number in its header, and be a good one all the same",
        arguments: [
            "1e308", "-1e308", "1e19", "9223372036854775808", "-9223372036854775809", "0.1e-300", "1E5", "[1e308]",
            #"{"y":[1e308]}"#, "null", "18446744073709551616", "1e999",
        ])
    func headerNumbers(number: String) async throws {
        let header = #"{"alg":"RS256","x":\#(number),"typ":\#(number),"x5c":\#(number),"kid":"k"}"#
        #expect(try await Self.brokenRule(header) { Self.goodClaims($0) } == nil)
    }

    @Test(
        "with a header that is none is malformed",
        arguments: [
            #"{"alg":1e308,"kid":"k"}"#, #"{"alg":"RS256","kid":1e308}"#, #"{"alg":["RS256"],"kid":"k"}"#, "[]",
            "1e308",
            "\"x\"", "null", "", "{", #"{"alg":"RS256","kid":"k","crit":["b64"]}"#,
            #"{"alg":"RS256","kid":"k","crit":1e308}"#, #"{"alg":"RS256","kid":"k","crit":[]}"#,
            #"{"alg":"RS256","kid":"k","x":"# + String(repeating: "[", count: 9000) + "}",
            #"{"alg":"RS256","kid":"k","x":"# + String(repeating: "[", count: 65) + String(repeating: "]", count: 65)
                + "}",
        ])
    func badHeader(header: String) async throws {
        #expect(try await Self.brokenRule(header) { Self.goodClaims($0) } == .malformed)
    }

    @Test(
        "may have any number in a claim that nobody reads",
        arguments: ["1e308", "-1e308", "9223372036854775808", "[1e308]", #"{"y":-0.0}"#])
    func claimNumbers(number: String) async throws {
        #expect(
            try await Self.brokenRule(Self.goodHeader) {
                Self.goodClaims($0, #","x":\#(number),"auth_time":\#(number)"#)
            }
                == nil)
    }

    @Test(
        "with a further claim that cannot be read is malformed, and with any other it is a good one",
        arguments: [
            ("1e309", false), ("01", false), ("1.", false), ("[1e309]", false), (#"{"a":{"b":-1e999}}"#, false),
            (#""\ud800""#, false), ("1e308", true), ("null", true), ("[true,{},[],1,\"x\"]", true), ("-0", true),
            ("18446744073709551616", true),
        ])
    func furtherClaim(value: String, isGood: Bool) async throws {
        let broken = try await Self.brokenRule(Self.goodHeader) { Self.goodClaims($0, #","zz":\#(value)"#) }
        #expect(broken == (isGood ? nil : .malformed))
    }

    @Test(
        "with a time that cannot be breaks the rule of that time",
        arguments: [
            ("exp", "1e308", "expiry"), ("exp", "-1e308", "expiry"), ("exp", "9223372036854775807", "expiry"),
            ("exp", "-1", "expiry"), ("exp", "1e999", "malformed"), ("exp", #""NaN""#, "malformed"),
            ("exp", "[]", "malformed"), ("iat", "1e308", "issuedAt"), ("iat", "-1", "issuedAt"),
            ("nbf", "1e308", "notYetValid"), ("nbf", "9223372036854775807", "notYetValid"),
        ])
    func times(claim: String, value: String, rule: String) async throws {
        let broken = try await Self.brokenRule(Self.goodHeader) { issuer in
            let times = ["iat": "1800000000", "exp": "1800003600"].merging([claim: value]) { $1 }
            let members = times.map { #","\#($0.key)":\#($0.value)"# }.joined()
            return #"{"iss":"\#(issuer)","sub":"a","aud":"\#(Options().clients[0].id)"\#(members)}"#
        }
        #expect(broken.map { String(describing: $0).prefix { $0 != "(" } } == Substring(rule))
    }

    @Test("nested deeper than 64 levels is malformed, however well it is signed", arguments: [65, 200, 600, 10_000])
    func depth(levels: Int) async throws {
        let value = String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        #expect(try await Self.brokenRule(Self.goodHeader) { Self.goodClaims($0, #","x":\#(value)"#) } == .malformed)
    }

    @Test("of more than 32 KiB is none")
    func length() async throws {
        let value = String(repeating: "x", count: 32 * 1024)
        #expect(try await Self.brokenRule(Self.goodHeader) { Self.goodClaims($0, #","x":"\#(value)""#) } == .malformed)
    }

    @Test("with padding, or of another alphabet, is none", arguments: ["=", "+", "/", "\n", " ", "é", "\u{0}", "%"])
    func alphabet(addition: String) async throws {
        try await TenantFixture.run { fixture in
            let good = try Self.token(Self.goodHeader, Self.goodClaims("x")).revealed
            for text in [
                good + addition, addition + good, good.replacing(".", with: addition + ".", maxReplacements: 1),
            ] {
                await #expect(throws: IDTokenVerifier.Failure.self) { try await fixture.verifier.verify(Secret(text)) }
                #expect(JWTParts(Secret(text)) == nil)
            }
        }
    }

    @Test("is about somebody else where only Unicode takes the two for one")
    func canonicalEquivalence() async throws {
        try await TenantFixture.run { fixture in
            let keys = try Self.keys()
            await fixture.order(.answer(.text(200, keys, type: "application/json")), at: .keys)
            let claims = Self.goodClaims(await fixture.tenant.issuer).replacing(
                #""sub":"a""#, with: "\"sub\":\"\u{E9}\"")
            let token = try Self.token(Self.goodHeader, claims)
            #expect(try await fixture.verifier.verify(token, subject: "\u{E9}").sub == "\u{E9}")
            await #expect(throws: IDTokenVerifier.Failure.self) {
                try await fixture.verifier.verify(token, subject: "e\u{301}")
            }
        }
    }

    @Test(
        "is verified with no key that is absurd",
        arguments: [
            #""n":"\#(String(repeating: "_", count: 1_000_000))","e":"AQAB""#, #""n":"AQAB","e":"AQAB""#,
            #""n":"","e":"""#, #""n":"\#(String(repeating: "A", count: 342))","e":"AQAB""#,
            #""n":"\#(String(repeating: "_", count: 342))","e":"AA""#,
            #""n":"\#(String(repeating: "_", count: 342))","e":"AQ""#,
            #""n":"\#(String(repeating: "_", count: 342))","e":"Ag""#,
            #""n":"\#(String(repeating: "_", count: 342))","e":"\#(String(repeating: "_", count: 342))""#,
            #""n":"\#(String(repeating: "_", count: 2800))","e":"AQAB""#, #""n":"=","e":"+/""#,
            #""n":"\#(String(repeating: "_", count: 342))","e":"AQAB","x":1e308"#,
        ])
    func keys(members: String) async throws {
        let keys = #"{"keys":[{"kty":"RSA","kid":"k",\#(members)}]}"#
        let rule = try await Self.brokenRule(Self.goodHeader, keys: keys) { Self.goodClaims($0) }
        #expect(rule == .unknownKey("k") || rule == .signature, "\(String(describing: rule))")
    }

    @Test("of ten thousand keys 64 are taken, at once")
    func manyKeys() throws {
        let numbers = try Self.key.get().publicKey.getKeyPrimitives()
        let keys = (1...10_000).map {
            #"{"kty":"RSA","kid":"\#($0)","n":"\#(Self.base64URL(numbers.modulus))","e":"AQAB"}"#
        }
        let set = try #require(KeySet(json: Array(#"{"keys":[\#(keys.joined(separator: ","))]}"#.utf8)))
        #expect(set.key("64") != nil && set.key("65") == nil)
    }
}

/// Answers that are nothing but nested, or huge where small ones are meant.
@Suite("A hostile answer")
struct HostileAnswerTests {
    @Test(
        "that is nested a hundred thousand levels deep is no JSON, whatever was asked", arguments: TenantCall.allCases)
    func depth(call: TenantCall) async throws {
        for (status, open) in [(200, "["), (200, #"{"error":"#), (400, #"{"error":"#), (200, #"[{"id":"#)] {
            let body = String(repeating: open, count: 100_000)
            try await TenantFixture.run { fixture in
                await fixture.order(.answer(.text(status, body, type: "application/json")), at: call)
                #expect(await fixture.error(call) != nil)
            }
        }
    }

    @Test("that is nested well within what a decoder reads, but deeper than any tenant's, is refused")
    func somewhatDeep() async throws {
        let value = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        try await TenantFixture.run { fixture in
            let body = #"{"access_token":"a","token_type":"Bearer","expires_in":9,"x":\#(value)}"#
            await fixture.order(.answer(.text(200, body, type: "application/json")), at: .refresh)
            #expect(await fixture.error(.refresh)?.kind == .notJSON)
        }
    }

    @Test("may list ten thousand factors, codes and kinds: as many as a person could use are taken")
    func lists() throws {
        let factors = (1...10_000).map { #"{"id":"f\#($0)","authenticator_type":"otp"}"# }.joined(separator: ",")
        #expect(Authenticator.list(json: Array("[\(factors)]".utf8))?.count == 100)
        let codes = (1...10_000).map { "\"c\($0)\"" }.joined(separator: ",")
        let association = MFAAssociation(
            json: Array(#"{"authenticator_type":"otp","secret":"s","recovery_codes":[\#(codes)]}"#.utf8))
        #expect(association?.recoveryCodes.count == 32)
        let kinds = (1...10_000).map { #"{"type":"k\#($0)"}"# }.joined(separator: ",")
        let requirement = MFARequirement(
            json: Array(
                #"{"error":"mfa_required","mfa_token":"t","mfa_requirements":{"challenge":[\#(kinds)],"enroll":[\#(kinds)]}}"#
                    .utf8))
        #expect(requirement?.challenge?.count == 32 && requirement?.enroll?.count == 32)
    }
}
