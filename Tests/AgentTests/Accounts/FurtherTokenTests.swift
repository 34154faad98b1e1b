import Auth0
import DevTenant
import Foundation
import PosternProtocol
import Testing

@testable import Agent

@Suite("Tokens of further scopes")
struct FurtherTokenTests {
    private static func token(_ scope: String, size: Int = 10, lifetime: Int = 3600) throws -> AccessToken {
        let json = """
            {"key":{"scope":["\(scope)"]},"access_token":"\(String(repeating: "t", count: size))","scope":"\(scope)",
             "issued_at":1000,"received_at":1000,"expires_at":\(1000 + lifetime)}
            """
        return try JSONDecoder().decode(AccessToken.self, from: Data(json.utf8))
    }

    private static let now = Date(timeIntervalSince1970: 1000)

    @Test("of too many the least used one goes, and of those used as little the one that was used longest ago")
    func leastUsed() throws {
        var tokens = FurtherTokens()
        for number in 1...FurtherTokens.limit { tokens.keep(try Self.token("s\(number)"), now: Self.now) }
        tokens.used(try Self.token("s1").key)
        for number in 100...200 { tokens.keep(try Self.token("s\(number)"), now: Self.now) }
        #expect(tokens.count == FurtherTokens.limit)
        #expect(try tokens.token(Self.token("s1").key) != nil)
        #expect(try tokens.token(Self.token("s2").key) == nil)
        #expect(try tokens.token(Self.token("s200").key) != nil)
    }

    @Test("they are bounded by their size, too, and what has expired goes")
    func size() throws {
        var tokens = FurtherTokens()
        tokens.keep(try Self.token("short", lifetime: 1), now: Self.now)
        for number in 1...5 {
            tokens.keep(try Self.token("s\(number)", size: FurtherTokens.byteLimit / 2), now: Self.now + .seconds(2))
        }
        #expect(tokens.count == 1)
        tokens.keep(try Self.token("huge", size: FurtherTokens.byteLimit * 2), now: Self.now)
        #expect(tokens.count == 1)
        #expect(try tokens.token(Self.token("huge").key) != nil)
    }

    @Test("they never come into the keyring's record, and the record never grows by them")
    func record() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            _ = try await fixture.token(.with(scope: "email"))
            let size = try #require(fixture.store.record()).utf8.count
            for number in 1...50 {
                #expect(await fixture.tokenError(.with(scope: "openid fly:\(number)"))?.code == .scopeNotGranted)
            }
            let record = try #require(fixture.store.record())
            #expect(record.utf8.count < size + 1024)
            #expect(!record.contains("fly:"))
            #expect(try await fixture.account.further.count == FurtherTokens.limit)
            // The one that was asked for again and again has stayed all the while.
            #expect(try await fixture.token(.with(scope: "email")).from == .refresh)
        }
    }

    @Test("one that others keep asking for is not displaced by whoever asks for ever new ones")
    func displaced() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            _ = try await fixture.token(.with(scope: "email"))
            #expect(try await fixture.token(.with(scope: "email")).from == .cache)
            for number in 1...40 { _ = await fixture.tokenError(.with(scope: "openid fly:\(number)")) }
            #expect(try await fixture.token(.with(scope: "email")).from == .cache)
        }
    }

    @Test("a sign-out ends them, and a restart has to ask for them again")
    func ends() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            _ = try await fixture.token(.with(scope: "email"))
            #expect(try await fixture.restarted().token(.with(scope: "email")).from == .refresh)
            _ = try await fixture.agent.logout(Logout())
            #expect(await fixture.tokenError(.with(scope: "email"))?.code == .loginRequired)
        }
    }
}
