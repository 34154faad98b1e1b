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
