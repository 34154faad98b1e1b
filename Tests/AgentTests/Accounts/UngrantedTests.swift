import DevTenant
import PosternProtocol
import Testing

@Suite("What the tenant does not give")
struct UngrantedTests {
    @Test("a min_ttl longer than any token lives is 1017, and repeated from memory")
    func ttl() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            for _ in 1...3 {
                #expect(await fixture.tokenError(.with(minTTL: 86_401))?.code.rawValue == 1017)
            }
            #expect(await fixture.refreshes.count <= 1)
            #expect(try await fixture.token().from == .cache)
        }
    }

    @Test("once the token is due, 1017 is asked for anew, and the refreshed token is kept")
    func ttlWhenDue() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let old = try await fixture.token().accessToken
            fixture.clock.advance(by: 86_400 - 100)
            #expect(await fixture.tokenError(.with(minTTL: 86_401))?.code.rawValue == 1017)
            let new = try await fixture.token()
            #expect(new.from == .cache)
            #expect(new.accessToken != old)
            #expect(await fixture.refreshes.count == 1)
        }
    }

    @Test("a named scope that the tenant dropped is 1018 with its name, and repeated from memory")
    func scope() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            for _ in 1...3 {
                let error = await fixture.tokenError(.with(scope: "openid fly:planes"))
                #expect(error?.code.rawValue == 1018)
                #expect(error?.data.missing == ["fly:planes"])
            }
            #expect(await fixture.refreshes.count == 1)
        }
    }

    @Test("a scope of more than 4,096 bytes is no scope, and costs no refresh")
    func longScope() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let long = String(repeating: "openid ", count: 585)  // 4,095 bytes
            #expect(try await fixture.token(.with(scope: long + " ")).scope == "openid")
            let before = await fixture.refreshes.count
            for scope in [long + "  ", String(repeating: "x", count: 4097), String(repeating: "é", count: 2049)] {
                #expect(await fixture.tokenError(.with(scope: scope))?.code.rawValue == -32602)
            }
            #expect(await fixture.refreshes.count == before)
        }
    }

    @Test("of more scopes than 4,096 bytes whole names are told, those that were asked for among them")
    func manyScopes() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let many = (1...5000).map { "scope:\($0)" }.joined(separator: " ") + " wanted \u{1B}[2J"
            await fixture.tenant.order(.members(["scope": .string(many)]), at: .token, times: 2)
            let token = try await fixture.token(.with(scope: "wanted scope:1"))
            #expect(token.scope.utf8.count <= 4096 && token.scope.hasPrefix("scope:1 scope:2 "))
            #expect(token.scope.hasSuffix(" wanted"))
            fixture.clock.advance(by: 86_400)
            _ = try await fixture.token()
            let shown = try #require(try await fixture.status.scope)
            #expect(shown.utf8.count <= 4096 && shown.hasPrefix("scope:1 "))
        }
    }

    @Test("an access token that could not stand in a header is 1020, and the rotated refresh token is kept")
    func badToken() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            fixture.clock.advance(by: 86_400)
            await fixture.tenant.order(.members(["access_token": "a\r\nX-Evil: 1"]), at: .token)
            #expect(await fixture.tokenError()?.code.rawValue == 1020)
            #expect(try await fixture.token().from == .refresh)
            #expect(await fixture.refreshes.allSatisfy { $0.refreshToken?.generation == $0.refreshToken?.latest })
        }
    }

    @Test("a scope of the profile that the tenant dropped is no error, and status shows what was granted")
    func profileScope() async throws {
        try await AgentFixture.run(["scope = openid offline_access fly:planes"]) { fixture in
            try await fixture.signIn()
            #expect(try await fixture.token().scope == "openid offline_access")
            #expect(try await fixture.status.scope == "openid offline_access")
            #expect(await fixture.tokenError(.with(scope: "openid offline_access fly:planes"))?.code.rawValue == 1018)
        }
    }
}
