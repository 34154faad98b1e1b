@testable import Agent
import DevTenant
import PosternProtocol
import Testing

@Suite("A refresh")
struct RefreshTests {
    @Test("a hundred callers at expiry have one request and one token among them")
    func single() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            try await fixture.expireToken()
            await fixture.order(.hold)
            let tokens = try await withThrowingTaskGroup(of: GetToken.Response.self) { group in
                for _ in 1...100 {
                    group.addTask { try await fixture.token() }
                }
                try await fixture.clock.sleepers(within: 20...20, count: 100)
                try await fixture.tenant.requestHeld(at: .token, grant: .refreshToken)
                await fixture.tenant.release()
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(tokens.map(\.accessToken)).count == 1)
            #expect(tokens.allSatisfy { $0.from == .refresh })
            #expect(await fixture.refreshes.count == 1)
        }
    }

    @Test("force refreshes though the token would do, and joins a refresh in flight")
    func force() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.order(.hold)
            async let first = fixture.token(.with(force: true))
            try await fixture.tenant.requestHeld(at: .token, grant: .refreshToken)
            async let second = fixture.token(.with(force: true))
            // The second waits by its time limit, so it has joined.
            try await fixture.clock.sleepers(within: 20...20, count: 2)
            await fixture.tenant.release()
            #expect(try await first.accessToken == second.accessToken)
            #expect(try await second.from == .refresh)
            #expect(await fixture.refreshes.count == 1)
        }
    }

    @Test("a rejected token is never answered again, and one refresh serves all who report it")
    func rejected() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let old = try await fixture.token().accessToken
            let report = GetToken.with(rejected: sha256(old))
            let new = try await fixture.token(report)
            #expect(new.from == .refresh)
            #expect(new.accessToken != old)
            #expect(try await fixture.token(report).accessToken == new.accessToken)
            #expect(try await fixture.token().accessToken == new.accessToken)
            #expect(await fixture.refreshes.count == 1)
        }
    }

    @Test("a rejected token stays rejected while no other can be had")
    func rejectedOffline() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let old = try await fixture.token().accessToken
            await fixture.order(.refusal(400, "invalid_request"), times: 2)
            #expect(await fixture.tokenError(.with(rejected: sha256(old)))?.code == .misconfigured)
            fixture.clock.advance(by: 1)
            #expect(await fixture.tokenError()?.code == .misconfigured)
        }
    }

    @Test(
        "a hash that is none is refused", arguments: ["", "abc", String(repeating: "A", count: 64)])
    func badHash(hash: String) async throws {
        try await AgentFixture.run { fixture in
            #expect(await fixture.tokenError(.with(rejected: hash))?.code == .invalidParams)
        }
    }

    @Test("a wait that runs out while no attempt has ended is 1016, and the refresh goes on")
    func timeout() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            try await fixture.expireToken()
            await fixture.order(.hold)
            async let error = fixture.tokenError(.with(wait: 7))
            try await fixture.clock.sleeper(within: 7...7)
            try await fixture.tenant.requestHeld(at: .token, grant: .refreshToken)
            fixture.clock.advance(by: 7)
            #expect(await error?.code == .timeout)
            await fixture.tenant.release()
            #expect(try await fixture.token().accessToken.isEmpty == false)
            #expect(await fixture.refreshes.count == 1)
        }
    }

    @Test("a wait that runs out after an attempt gives that attempt's cause")
    func lastCause() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            try await fixture.expireToken()
            await fixture.order(.page(503))
            async let error = fixture.tokenError(.with(wait: 7))
            try await fixture.clock.sleeper(within: 7...7)
            try await fixture.clock.sleeper(within: 0.1...1)
            await fixture.order(.hold)
            fixture.clock.advance(by: 1)
            try await fixture.tenant.requestHeld(at: .token, grant: .refreshToken)
            fixture.clock.advance(by: 6)
            let answer = await error
            #expect(answer?.code == .offline)
            #expect(answer?.data.cause == "server_error")
        }
    }

    @Test("it is tried again while somebody waits, and answers them")
    func retry() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            try await fixture.expireToken()
            await fixture.order(.page(503), times: 2)
            async let token = fixture.token()
            try await fixture.clock.sleeper(within: 0.1...1)
            fixture.clock.advance(by: 1)
            try await fixture.refreshArrived(2)
            try await fixture.clock.sleeper(within: 0.1...2)
            fixture.clock.advance(by: 2)
            #expect(try await token.from == .refresh)
            #expect(await fixture.refreshes.count == 3)
        }
    }

    @Test(
        "where no retry can help, the answer comes at once",
        arguments: [
            (Fault.refusal(403, "unauthorized_client", "Grant type 'refresh_token' not allowed for the client."), 1015),
            (.refusal(401, "invalid_client", "Invalid client credentials"), 1015),
            (.refusal(403, "access_denied", "Your contract has ended"), 1014),
            (.refusal(400, "invalid_request", "no"), 1015),
            (.mfaRequired(), 1011),
        ])
    func definite(fault: Fault, code: Int) async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            try await fixture.expireToken()
            await fixture.order(fault)
            let error = await fixture.tokenError()
            #expect(error?.code.rawValue == code)
            // The refresh token is kept: once the tenant is put right it works again.
            #expect(try await fixture.token().from == .refresh)
        }
    }

    @Test("a rate limit is waited for as long as the tenant says, and 1007 for those who cannot wait")
    func rateLimit() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            try await fixture.expireToken()
            await fixture.order(.hold)
            await fixture.order(.rateLimited(retryAfter: 120))
            async let patient = fixture.token(.with(wait: 300))
            async let impatient = fixture.tokenError(.with(wait: 20))
            try await fixture.clock.sleeper(within: 300...300)
            try await fixture.clock.sleeper(within: 20...20)
            try await fixture.tenant.requestHeld(at: .token, grant: .refreshToken)
            await fixture.tenant.release()
            let error = await impatient
            #expect(error?.code == .rateLimited)
            #expect(error?.data.retryAfter == 120)
            try await fixture.clock.sleeper(within: 120...120)
            fixture.clock.advance(by: 120)
            #expect(try await patient.from == .refresh)
            #expect(await fixture.refreshes.count == 2)
        }
    }

    @Test("without rotation the one refresh token goes on")
    func nonRotating() async throws {
        try await AgentFixture.run(tenant: { $0.clients = [Client(refreshTokens: .init(rotates: false))] }) { fixture in
            try await fixture.signIn()
            _ = try await fixture.token(.with(force: true))
            fixture.clock.advance(by: 1)
            _ = try await fixture.token(.with(force: true))
            #expect(await fixture.refreshes.map { $0.refreshToken?.generation } == [0, 0])
            #expect(try await fixture.status.loginEndsAt == fixture.clock.unixTime - 1 + 2_592_000)
        }
    }

    @Test("with rotation each token is spent once, the newest first")
    func rotating() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            for _ in 1...3 {
                _ = try await fixture.token(.with(force: true))
                fixture.clock.advance(by: 1)
            }
            #expect(await fixture.refreshes.map { $0.refreshToken?.generation } == [0, 1, 2])
        }
    }

    @Test(
        "an unusable answer still gives its rotated token to keep",
        arguments: [
            ["expires_in": "soon"], ["expires_in": -1], ["expires_in": 1e12], ["access_token": .null],
            ["token_type": "mac"],
        ] as [[String: JSON]])
    func malformed(members: [String: JSON]) async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.order(.members(members))
            #expect(await fixture.tokenError(.with(force: true))?.code == .tenantError)
            fixture.clock.advance(by: 1)
            #expect(try await fixture.token(.with(force: true)).from == .refresh)
            #expect(await fixture.refreshes.map { $0.refreshToken?.generation } == [0, 1])
        }
    }

    @Test("an ID token about somebody else is 1021: the access token is not served, the rotated refresh token is kept")
    func otherSubject() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let old = try await fixture.token().accessToken
            await fixture.order(.idToken(.otherSubject))
            #expect(await fixture.tokenError(.with(force: true))?.code == .idTokenInvalid)
            #expect(try await fixture.token().accessToken == old)
            fixture.clock.advance(by: 1)
            #expect(try await fixture.token(.with(force: true)).from == .refresh)
            #expect(await fixture.refreshes.map { $0.refreshToken?.generation } == [0, 1])
        }
    }

    @Test("after an ID token about somebody else nothing is served that comes without one, after a restart either")
    func personInDoubt() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let old = try await fixture.token().accessToken
            await fixture.order(.idToken(.otherSubject))
            #expect(await fixture.tokenError(.with(force: true))?.code == .idTokenInvalid)
            for agent in [fixture, try await fixture.restarted()] {
                fixture.clock.advance(by: 1)
                await fixture.order(.members(["id_token": nil]))
                #expect(await agent.tokenError(.with(force: true))?.code == .idTokenInvalid)
                #expect(try await agent.token().accessToken == old)
            }
            let next = try await fixture.restarted()
            fixture.clock.advance(by: 1)
            #expect(try await next.token(.with(force: true)).from == .refresh)
            fixture.clock.advance(by: 1)
            await fixture.order(.members(["id_token": nil]))
            #expect(try await next.token(.with(force: true)).from == .refresh)
        }
    }

    @Test(
        "whoever has an identifier that cannot be shown as it is is the same person at each refresh, and is shown cleaned",
        arguments: [
            "custom|a  b", " custom|a", "custom|a\u{202E}b", "custom|a\tb", String(repeating: "e\u{301}", count: 300),
        ])
    func rawSubject(sub: String) async throws {
        try await AgentFixture.run { fixture in
            await fixture.tenant.setSubject(sub, of: AgentFixture.person)
            let login = try await fixture.signIn()
            guard case .signedIn(let end) = login.step else { throw CancellationError() }
            #expect(try await fixture.token(.with(force: true)).from == .refresh)
            #expect(try await fixture.status.account == end.account)
            #expect(end.account.sub.unicodeScalars.allSatisfy { !["\t", "\u{202E}"].contains($0) })
            #expect(try await fixture.account.served.credentials?.account.sub == sub)
            let next = try await fixture.restarted()
            #expect(try await next.token(.with(force: true)).from == .refresh)
            // Nobody else, and not kept from signing in again.
            try await next.signIn()
        }
    }

    @Test("a caller that goes away takes nothing with it")
    func cancellation() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            try await fixture.expireToken()
            await fixture.order(.hold)
            let caller = Task { await fixture.tokenError() }
            try await fixture.tenant.requestHeld(at: .token, grant: .refreshToken)
            caller.cancel()
            #expect(await caller.value != nil)
            await fixture.tenant.release()
            _ = try await fixture.token()
            #expect(await fixture.refreshes.count == 1)
        }
    }
}
