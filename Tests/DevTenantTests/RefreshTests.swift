import DevTenant
import Testing

@Suite("Refresh tokens", .timeLimit(.minutes(5)))
struct RefreshTests {
    private static func withClient(
        _ policy: RefreshTokenPolicy, apis: [API] = [API()],
        _ body: (DevTenant, TenantClient) async throws -> Void
    ) async throws {
        var options = Options.still
        options.clients = [Client(refreshTokens: policy)]
        options.apis = apis
        try await DevTenant.withRunning(options) { tenant in
            try await body(tenant, TenantClient(tenant))
        }
    }

    private static func expectDead(_ answer: TenantClient.Response, _ location: SourceLocation = #_sourceLocation) {
        #expect(answer.status == 403, sourceLocation: location)
        #expect(answer.error == "invalid_grant", sourceLocation: location)
        #expect(answer.description == "Unknown or invalid refresh token.", sourceLocation: location)
    }

    @Test("each exchange brings a new refresh token, new access and a new ID token")
    func rotation() async throws {
        try await Self.withClient(.init()) { tenant, client in
            let first = try await client.signIn(to: tenant)
            let token = try #require(first["refresh_token"])
            let second = try await client.refresh(token)
            #expect(second.status == 200)
            #expect(second["refresh_token"] != nil && second["refresh_token"] != token)
            #expect(second["access_token"] != first["access_token"])
            #expect(second["id_token"] != nil)
            #expect(second["scope"] == "openid profile email offline_access")
        }
    }

    @Test("without overlap the token before the newest is reuse and ends the whole family")
    func reuse() async throws {
        try await Self.withClient(.init()) { tenant, client in
            let first = try #require(try await client.signIn(to: tenant)["refresh_token"])
            let second = try #require(try await client.refresh(first)["refresh_token"])
            Self.expectDead(try await client.refresh(first))
            Self.expectDead(try await client.refresh(second))
        }
    }

    @Test("within the overlap the token before the newest works again, as often as an answer gets lost")
    func overlap() async throws {
        try await Self.withClient(.init(overlap: 60)) { tenant, client in
            let first = try #require(try await client.signIn(to: tenant)["refresh_token"])
            let lost = try #require(try await client.refresh(first)["refresh_token"])
            await tenant.advanceClock(by: 59)
            let again = try #require(try await client.refresh(first)["refresh_token"])
            #expect(again != lost)
            #expect(try await client.refresh(again).status == 200)
        }
    }

    @Test("the overlap is counted from the first exchange; after it the same token is reuse")
    func overlapEnds() async throws {
        try await Self.withClient(.init(overlap: 60)) { tenant, client in
            let first = try #require(try await client.signIn(to: tenant)["refresh_token"])
            _ = try await client.refresh(first)
            await tenant.advanceClock(by: 40)
            let second = try #require(try await client.refresh(first)["refresh_token"])
            await tenant.advanceClock(by: 40)
            Self.expectDead(try await client.refresh(first))
            Self.expectDead(try await client.refresh(second))
        }
    }

    @Test("the second-to-last token is reuse even within the overlap")
    func secondToLast() async throws {
        try await Self.withClient(.init(overlap: 60)) { tenant, client in
            let first = try #require(try await client.signIn(to: tenant)["refresh_token"])
            let second = try #require(try await client.refresh(first)["refresh_token"])
            let third = try #require(try await client.refresh(second)["refresh_token"])
            Self.expectDead(try await client.refresh(first))
            Self.expectDead(try await client.refresh(third))
        }
    }

    @Test("without rotation the answer has no refresh token and the old one goes on working")
    func nonRotating() async throws {
        try await Self.withClient(.init(rotates: false)) { tenant, client in
            let token = try #require(try await client.signIn(to: tenant)["refresh_token"])
            for _ in 1...3 {
                let answer = try await client.refresh(token)
                #expect(answer.status == 200)
                #expect(answer["refresh_token"] == nil)
            }
        }
    }

    @Test("rotation does not extend the absolute lifetime")
    func absoluteLifetime() async throws {
        try await Self.withClient(.init(absoluteLifetime: 1000)) { tenant, client in
            let first = try #require(try await client.signIn(to: tenant)["refresh_token"])
            await tenant.advanceClock(by: 600)
            let second = try #require(try await client.refresh(first)["refresh_token"])
            await tenant.advanceClock(by: 401)
            Self.expectDead(try await client.refresh(second))
        }
    }

    @Test("each exchange renews the idle lifetime")
    func idleLifetime() async throws {
        try await Self.withClient(.init(idleLifetime: 100)) { tenant, client in
            var token = try #require(try await client.signIn(to: tenant)["refresh_token"])
            for _ in 1...3 {
                await tenant.advanceClock(by: 99)
                token = try #require(try await client.refresh(token)["refresh_token"])
            }
            await tenant.advanceClock(by: 101)
            Self.expectDead(try await client.refresh(token))
        }
    }

    @Test("a narrowed scope narrows that access token alone, and unknown scopes are dropped")
    func narrowedScope() async throws {
        try await Self.withClient(.init()) { tenant, client in
            let first = try #require(try await client.signIn(to: tenant)["refresh_token"])
            let narrow = try await client.refresh(first, scope: "email fly:planes")
            #expect(narrow["scope"] == "email")
            #expect(narrow["id_token"] == nil)
            let wide = try await client.refresh(#require(narrow["refresh_token"]))
            #expect(wide["scope"] == "openid profile email offline_access")
        }
    }

    @Test("a refresh token is good for the further audiences of its policies, and for no others")
    func severalResources() async throws {
        let apis = [
            API(identifier: "https://one", scopes: ["read:one"]), API(identifier: "https://two", scopes: ["read:two"]),
            API(identifier: "https://three"),
        ]
        let policy = RefreshTokenPolicy(resources: [
            .init(audience: "https://two", scopes: ["read:two", "read:nothing"])
        ])
        try await Self.withClient(policy, apis: apis) { tenant, client in
            let login = try await client.signIn(
                to: tenant, scope: "openid offline_access read:one read:two", audience: "https://one")
            #expect(login["scope"] == "openid offline_access read:one")
            var token = try #require(login["refresh_token"])
            func exchange(_ audience: String?) async throws -> (audience: JSON?, scope: String?) {
                let answer = try await client.refresh(token, audience: audience)
                token = try #require(answer["refresh_token"])
                let claims = try #require(payload(of: answer["access_token"]))
                return (claims["aud"], answer["scope"])
            }
            let userinfo = JSON.string(client.issuer + "userinfo")
            let two = try await exchange("https://two")
            #expect(two.audience == ["https://two", userinfo])
            #expect(two.scope == "openid offline_access read:two")
            let three = try await exchange("https://three")
            #expect(three.audience == ["https://one", userinfo])
            let one = try await exchange(nil)
            #expect(one.scope == "openid offline_access read:one")
        }
    }

    @Test("no offline_access, an API that does not allow it, or no refresh grant: no refresh token, and no error")
    func withoutRefreshToken() async throws {
        var options = Options()
        options.apis = [API(identifier: "https://online", allowsOfflineAccess: false)]
        options.clients = [Client(), Client(id: "no-refresh", grants: [.passwordlessOTP])]
        try await DevTenant.withRunning(options) { tenant in
            let client = await TenantClient(tenant)
            let notAsked = try await client.signIn(to: tenant, scope: "openid")
            let notAllowed = try await client.signIn(
                to: tenant, scope: "openid offline_access", audience: "https://online")
            let noGrant = try await TenantClient(tenant, clientID: "no-refresh").signIn(to: tenant)
            for answer in [notAsked, notAllowed, noGrant] {
                #expect(answer.status == 200)
                #expect(answer["refresh_token"] == nil)
            }
            #expect(notAllowed["scope"] == "openid")
        }
    }

    @Test("a deleted user, a blocked one and one an Action refuses are told apart")
    func people() async throws {
        try await Self.withClient(.init(rotates: false)) { tenant, client in
            let token = try #require(try await client.signIn(to: tenant)["refresh_token"])
            await tenant.block("ada@example.com")
            #expect(try await client.refresh(token).description == "user is blocked")
            await tenant.block("ada@example.com", false)
            await tenant.deny("ada@example.com", "Your contract has ended")
            let denied = try await client.refresh(token)
            #expect(denied.error == "access_denied")
            #expect(denied.description == "Your contract has ended")
            await tenant.deleteUser("ada@example.com")
            let deleted = try await client.refresh(token)
            #expect(deleted.status == 403)
            #expect(deleted.description == "The refresh_token was generated for a user who doesn't exist anymore.")
        }
    }

    @Test("another application's token, a revoked one and nonsense are all unknown")
    func unknown() async throws {
        var options = Options()
        options.clients = [Client(), Client(id: "other")]
        try await DevTenant.withRunning(options) { tenant in
            let client = await TenantClient(tenant)
            let token = try #require(try await client.signIn(to: tenant)["refresh_token"])
            Self.expectDead(try await TenantClient(tenant, clientID: "other").refresh(token))
            Self.expectDead(try await client.refresh("nonsense"))
            await tenant.revokeRefreshTokens(of: "ada@example.com")
            Self.expectDead(try await client.refresh(token))
        }
    }

    @Test("the record says which generation was presented")
    func generations() async throws {
        try await Self.withClient(.init(overlap: 60)) { tenant, client in
            let first = try #require(try await client.signIn(to: tenant)["refresh_token"])
            let second = try #require(try await client.refresh(first)["refresh_token"])
            _ = try await client.refresh(first)
            _ = try await client.refresh(second)
            let requests = await tenant.requests(to: .token, grant: .refreshToken)
            #expect(requests.map { $0.refreshToken?.generation } == [0, 0, 1])
            #expect(requests.map { $0.refreshToken?.latest } == [0, 1, 1])
        }
    }

    @Test("revoking a token ends its family; unknown tokens are 200 too, another application's is refused")
    func revoke() async throws {
        var options = Options()
        options.clients = [Client(), Client(id: "other")]
        try await DevTenant.withRunning(options) { tenant in
            let client = await TenantClient(tenant)
            let first = try #require(try await client.signIn(to: tenant)["refresh_token"])
            func revoke(_ token: String, as id: String = "postern-dev") async throws -> TenantClient.Response {
                try await client.post(
                    "oauth/revoke", json: ["client_id": .string(id), "token": .string(token)])
            }
            #expect(try await revoke(first, as: "other").status == 400)
            let second = try #require(try await client.refresh(first)["refresh_token"])
            let answer = try await revoke(second)
            #expect(answer.status == 200)
            #expect(answer.text.isEmpty)
            Self.expectDead(try await client.refresh(second))
            #expect(try await revoke("nonsense").status == 200)
        }
    }
}
