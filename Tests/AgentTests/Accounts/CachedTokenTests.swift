import Agent
import DevTenant
import PosternProtocol
import Testing

@Suite("A cached token")
struct CachedTokenTests {
    @Test("it is answered while it lives long enough, with no request to the tenant")
    func cache() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            fixture.clock.advance(by: 86_400 - 60)
            let token = try await fixture.token()
            #expect(token.from == .cache)
            #expect(token.expiresIn == 60)
            #expect(token.expiresAt == fixture.clock.unixTime + 60)
            #expect(token.tokenType == "Bearer")
            #expect(token.scope == "openid profile email offline_access")
            #expect(await fixture.refreshes.isEmpty)
        }
    }

    @Test("one second below min_ttl it is refreshed")
    func minimum() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let old = try await fixture.token()
            fixture.clock.advance(by: 86_400 - 59)
            let token = try await fixture.token()
            #expect(token.from == .refresh)
            #expect(token.accessToken != old.accessToken)
            #expect(token.expiresIn == 86_400)
        }
    }

    @Test("the standard min_ttl counts as a quarter of a short lifetime at most")
    func quarter() async throws {
        try await AgentFixture.run(tenant: { $0.accessTokenLifetime = 40 }) { fixture in
            try await fixture.signIn()
            fixture.clock.advance(by: 30)
            #expect(try await fixture.token().from == .cache)
            fixture.clock.advance(by: 1)
            #expect(try await fixture.token().from == .refresh)
        }
    }

    @Test(
        "the request's own min_ttl counts as it is",
        arguments: [(100, GetToken.Response.Source.cache), (101, .refresh)])
    func requested(minTTL: Int, source: GetToken.Response.Source) async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            fixture.clock.advance(by: 86_300)
            #expect(try await fixture.token(.with(minTTL: minTTL)).from == source)
        }
    }

    @Test("min_ttl of [agent] is used where the request names none")
    func configured() async throws {
        try await AgentFixture.run(agentSettings: ["min_ttl = 1000"]) { fixture in
            try await fixture.signIn()
            fixture.clock.advance(by: 86_400 - 999)
            #expect(try await fixture.token().from == .refresh)
        }
    }

    @Test("it is answered while the tenant is away and while the keyring is locked")
    func everyState() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.order(.page(503), times: 10)
            fixture.store.fail(.locked)
            #expect(try await fixture.token().from == .cache)
        }
    }

    @Test("it is answered after its refresh token was refused, until it expires")
    func afterRefusal() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.killRefreshToken()
            #expect(await fixture.tokenError(.with(force: true))?.code == .loginRequired)
            #expect(try await fixture.token().from == .cache)
            #expect(try await fixture.status.state == .loginRequired)
            try await fixture.expireToken()
            #expect(await fixture.tokenError()?.code == .loginRequired)
        }
    }

    @Test("a token with more scopes than were asked for is never handed out for fewer")
    func narrower() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let wide = try await fixture.token()
            let narrow = try await fixture.token(.with(scope: "email"))
            #expect(narrow.from == .refresh)
            #expect(narrow.accessToken != wide.accessToken)
            #expect(narrow.scope == "email")
            #expect(try await fixture.token(.with(scope: "email")).from == .cache)
            #expect(try await fixture.token().accessToken == wide.accessToken)
        }
    }

    @Test("the order of the scopes makes no other token, and all of them are the default")
    func scopeOrder() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            #expect(try await fixture.token(.with(scope: "offline_access email profile openid")).from == .cache)
            #expect(try await fixture.token(.with(scope: "email profile")).from == .refresh)
            #expect(try await fixture.token(.with(scope: "profile email")).from == .cache)
        }
    }

    @Test("each declared audience has a token of its own, by the one refresh token")
    func audiences() async throws {
        let apis = [API(identifier: "https://one"), API(identifier: "https://two")]
        let policy = RefreshTokenPolicy(resources: [.init(audience: "https://two", scopes: [])])
        try await AgentFixture.run(
            tenant: { options in
                options.apis = apis
                options.clients = [Client(refreshTokens: policy)]
            }, ["audience = https://one", "audiences = https://two"]
        ) { fixture in
            try await fixture.signIn()
            let one = try await fixture.token()
            let two = try await fixture.token(.with(audience: "https://two"))
            #expect(one.audience == "https://one")
            #expect(two.audience == "https://two")
            #expect(two.accessToken != one.accessToken)
            #expect(try await fixture.token(.with(audience: "https://two")).from == .cache)
            #expect(try await fixture.token(.with(audience: "https://one")).accessToken == one.accessToken)
        }
    }

    @Test("an audience that the profile does not declare is denied without a request")
    func undeclaredAudience() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            #expect(await fixture.tokenError(.with(audience: "https://other"))?.code == .denied)
            #expect(await fixture.refreshes.isEmpty)
        }
    }
}
