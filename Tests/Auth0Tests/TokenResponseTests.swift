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

    @Test("members that nobody knows do no harm")
    func unknownMembers() throws {
        #expect(try Self.response(["recovery_code": #""x""#, "issued_token_type": "1"]).get().expiresIn == 86_400)
    }
}
