import Foundation
import PosternProtocol
import Testing

@testable import Agent

@Suite("token.get, read and written in the short way")
struct PlainTokenTests {
    /// Whether the short way is there for them is not their point, but that where it is it comes to the same.
    private static let someParams = [
        #"{}"#, #" { } "#, #"{"profile":"work"}"#, #"{ "profile" : "work" , "min_ttl" : 300 }"#,
        #"{"audience":"https://api.example.com","scope":"read:a write:b","wait":0,"force":true,"join_login":false}"#,
        #"{"rejected":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#,
        #"{"profile":""}"#, #"{"profile":"höhe"}"#, #"{"profile":"日本"}"#, #"{"profile":null}"#,
        #"{"profile":"wo\u0072k"}"#, #"{"profile":"a\\b"}"#, #"{"profile":"\/"}"#, #"{"profile":"\""}"#,
        #"{"profi\u006ce":"work"}"#, #"{"profile":7}"#, #"{"profile":true}"#, #"{"profile":["work"]}"#,
        #"{"profile":{"name":"work"}}"#, #"{"min_ttl":"300"}"#, #"{"min_ttl":3e2}"#, #"{"min_ttl":300.0}"#,
        #"{"min_ttl":1.5}"#, #"{"min_ttl":-1}"#, #"{"min_ttl":-0}"#, #"{"min_ttl":9223372036854775807}"#,
        #"{"min_ttl":9223372036854775808}"#, #"{"min_ttl":null}"#, #"{"force":1}"#, #"{"force":"true"}"#,
        #"{"force":null,"wait":5}"#, #"{"profil":"work"}"#, #"{"profile":"work","extra":1}"#, #"[]"#, #"["work"]"#,
    ]

    @Test("params are read as the usual way reads them, or left to it", arguments: someParams)
    func readsParams(_ text: String) throws {
        let bytes = Array(text.utf8)[...]
        guard let plain = GetToken(plain: bytes) else { return }
        #expect(try JSONEncoder.sorted(plain) == JSONEncoder.sorted(Methods.decode(GetToken.self, from: bytes)))
    }

    @Test(
        "what scripts ask goes the short way",
        arguments: [
            #"{}"#, #"{"profile":"work"}"#, #"{"profile":"work","min_ttl":300,"wait":5}"#,
            #"{"audience":"https://api.example.com","scope":"read:a","force":true,"join_login":true}"#,
        ])
    func isPlain(_ text: String) {
        #expect(GetToken(plain: Array(text.utf8)[...]) != nil)
    }

    private static let someStrings = [
        "eyJhbGciOiJSUzI1NiJ9.e30.c2ln-_~+/=", "", "a b", "https://api.example.com/v1?x=1&y=<2>", "\"", "\\", "/",
        "\u{0}", "\n", "\u{1F}", " ", "~", "\u{7F}", "\u{80}", "é", "e\u{301}", "日本", "👩‍💻", "\u{2028}", "\u{FEFF}",
    ]

    @Test("a response is written as the usual way writes it, or left to it", arguments: someStrings)
    func writesResponse(_ text: String) throws {
        for audience in [nil, "https://api.example.com", text] {
            for (token, scope, profile) in [(text, "s", "p"), ("t", text, "p"), ("t", "s", text)] {
                let response = Self.response(token, scope: scope, audience: audience, profile: profile)
                guard let plain = response.plainJSON else { continue }
                #expect(
                    try String(decoding: plain, as: UTF8.self)
                        == String(decoding: Methods.encode(response), as: UTF8.self))
            }
        }
    }

    @Test("a token as tenants give it is written the short way")
    func responseIsPlain() {
        let response = Self.response(
            "eyJhbGciOiJSUzI1NiJ9.e30.c2ln-_", scope: "openid profile read:a", audience: "https://api.example.com",
            profile: "work")
        #expect(response.plainJSON != nil)
    }

    private static func response(
        _ token: String, scope: String, audience: String?, profile: String
    ) -> GetToken.Response {
        GetToken.Response(
            accessToken: token, tokenType: "Bearer", expiresAt: 1_800_000_000, expiresIn: -5, scope: scope,
            audience: audience, profile: profile, from: .cache)
    }
}

extension JSONEncoder {
    fileprivate static func sorted(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
