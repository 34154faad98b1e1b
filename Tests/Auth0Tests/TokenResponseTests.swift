import Testing

@testable import Auth0

@Suite("A token response")
struct TokenResponseTests {
    private static func response(
        _ members: [String: String]
    ) -> Result<TokenResponse, TokenResponse.Malformed> {
        let standard = [
            "access_token": #""access""#, "token_type": #""Bearer""#, "expires_in": "86400",
            "refresh_token": #""next""#,
        ]
        let all = standard.merging(members) { $1 }.filter { !$0.value.isEmpty }
        let json = "{" + all.map { #""\#($0.key)":\#($0.value)"# }.joined(separator: ",") + "}"
        do throws(TokenResponse.Malformed) {
            return .success(try TokenResponse(json: Array(json.utf8)))
        } catch {
            return .failure(error)
        }
    }

    @Test(
        "expires_in may be a string or have a fraction",
        arguments: [
            ("86400", 86_400), ("1", 1), (#""3600""#, 3_600), ("3600.9", 3_600), (#""59.5""#, 59), ("8.64e4", 86_400),
        ])
    func lifetime(text: String, seconds: Int) throws {
        #expect(try Self.response(["expires_in": text]).get().expiresIn == seconds)
    }

    @Test(
        "an expires_in that makes no sense is refused, and the rotated token is kept",
        arguments: [
            "0", "-1", "0.5", "1e12", "1e300", #""soon""#, #""""#, "true", "null", "[]", "{}", "", #""NaN""#, #""inf""#,
            "31622401",
        ])
    func badLifetime(text: String) {
        #expect(throws: TokenResponse.Malformed.self) { try Self.response(["expires_in": text]).get() }
        guard case .failure(let malformed) = Self.response(["expires_in": text]) else { return }
        #expect(malformed.refreshToken == Secret("next"))
    }

    @Test("token_type is Bearer in any case", arguments: [#""Bearer""#, #""bearer""#, #""BEARER""#])
    func type(text: String) throws {
        #expect(try Self.response(["token_type": text]).get().accessToken == Secret("access"))
    }

    @Test(
        "what is missing or of another type is refused, and the rotated token is kept",
        arguments: [
            ("access_token", ""), ("access_token", #""""#), ("access_token", "1"), ("access_token", "null"),
            ("token_type", ""), ("token_type", #""DPoP""#), ("token_type", "1"), ("scope", "1"), ("id_token", "{}"),
        ])
    func malformed(member: String, value: String) {
        guard case .failure(let malformed) = Self.response([member: value]) else {
            Issue.record("It was accepted.")
            return
        }
        #expect(malformed.refreshToken == Secret("next"))
    }

    @Test("a missing, null or empty refresh token is none", arguments: ["", "null", #""""#])
    func noRefreshToken(value: String) throws {
        #expect(try Self.response(["refresh_token": value]).get().refreshToken == nil)
    }

    @Test("no answer is read as tokens that is none", arguments: ["", "[]", "null", "{", "\"x\""])
    func notTokens(json: String) {
        #expect(throws: TokenResponse.Malformed.self) { try TokenResponse(json: Array(json.utf8)) }
    }

    @Test(
        "an access token that could not stand in a header is refused, and the rotated token is kept",
        arguments: [
            #""a\u0000b""#, #""a\nb""#, #""a\r\nX-Evil: 1""#, #""a b""#, #"" ""#, #""a\u007f""#, #""a\u009b""#, #""é""#,
            #""a\u202eb""#,
            #""a\tb""#, #""\ud83d\ude00""#,
        ])
    func badAccessToken(text: String) {
        guard case .failure(let malformed) = Self.response(["access_token": text]) else {
            Issue.record("It was accepted.")
            return
        }
        #expect(malformed.refreshToken == Secret("next"))
    }

    @Test(
        "a refresh token with control characters or of more than 16 KiB makes the answer an unreadable one",
        arguments: [#""a\u0000b""#, #""a\nb""#, #""\u009b""#, "\"" + String(repeating: "x", count: 16_385) + "\""])
    func badRefreshToken(text: String) {
        guard case .failure(let malformed) = Self.response(["refresh_token": text]) else {
            Issue.record("It was accepted.")
            return
        }
        #expect(malformed.refreshToken == nil)
        guard case .failure(let worse) = Self.response(["refresh_token": text, "scope": "1"]) else {
            Issue.record("It was accepted.")
            return
        }
        #expect(worse.refreshToken == nil)
    }

    @Test(
        "any other refresh token is kept as it is: it is only given back",
        arguments: ["a b", "é", "e\u{301}", "\u{202E}"])
    func oddRefreshToken(text: String) throws {
        let kept = try Self.response(["refresh_token": "\"\(text)\""]).get().refreshToken?.revealed
        #expect(kept.map { Array($0.utf8) } == Array(text.utf8))
        #expect(
            try Self.response(["refresh_token": "\"" + String(repeating: "x", count: 16_384) + "\""]).get().refreshToken
                != nil)
    }

    @Test("scopes are cut at whole names, those that were asked for last")
    func scope() {
        let many = (1...2000).map { "scope:\($0)" }.joined(separator: " ") + " wanted"
        let cut = TenantScope.cut(many, keeping: ["wanted"])
        #expect(cut.utf8.count <= 4096 && cut.utf8.count > 4000)
        #expect(cut.hasSuffix(" wanted") && cut.hasPrefix("scope:1 scope:2 "))
        #expect(cut.split(separator: " ").allSatisfy { Set(many.split(separator: " ")).contains($0) })
        #expect(TenantScope.cut("a  b\u{1B}[2J c \u{E9} a \"") == "a c")
        #expect(TenantScope.cut(String(repeating: "x", count: 1_000_000)) == "")
        #expect(TenantScope.cut(String(repeating: "x", count: 4096)).utf8.count == 4096)
    }

    @Test("members that nobody knows do no harm")
    func unknownMembers() throws {
        #expect(try Self.response(["recovery_code": #""x""#, "issued_token_type": "1"]).get().expiresIn == 86_400)
    }
}
