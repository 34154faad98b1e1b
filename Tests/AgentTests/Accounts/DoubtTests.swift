import DevTenant
import PosternProtocol
import Testing

@testable import Agent

@Suite("A refresh token in doubt")
struct DoubtTests {
    @Test(
        "definite answers put nothing in doubt: a refusal after them is suspicious",
        arguments: [
            Fault.refusal(400, "invalid_request", "no"), .refusal(401, "invalid_client"),
            .refusal(403, "access_denied", "user is blocked"), .mfaRequired(),
        ])
    func definite(fault: Fault) async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.order(fault)
            #expect(await fixture.tokenError(.with(force: true)) != nil)
            await fixture.killRefreshToken()
            fixture.clock.advance(by: 1)
            #expect(await fixture.tokenError(.with(force: true))?.data.cause == "reuse_suspected")
        }
    }

    @Test(
        "a lost, unreadable or failed answer does, so that a refusal after it is lost_answer",
        arguments: [
            Fault.hangUp, .loseAnswer, .page(502), .refusal(503, "temporarily_unavailable"), .page(200),
            .refusal(500, "server_error"), .body(.text("{")),
        ])
    func doubtful(fault: Fault) async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            try await fixture.expireToken()
            await fixture.order(fault)
            async let error = fixture.tokenError()
            try await fixture.clock.sleeper(within: 0.1...1)
            await fixture.killRefreshToken()
            fixture.clock.advance(by: 1)
            #expect(await error?.data.cause == "lost_answer")
            #expect(try await fixture.status.state == .loginRequired)
        }
    }

    @Test("a tenant that cannot be reached puts nothing in doubt, and is offline for as long as it is")
    func unreachable() async throws {
        try await AgentFixture.run(isServing: false) { fixture in
            try await fixture.tenant.serving { _ = try await fixture.signIn() }
            async let error = fixture.tokenError(.with(wait: 7, force: true))
            try await fixture.clock.sleeper(within: 7...7)
            try await fixture.clock.sleeper(within: 0.1...1)
            fixture.clock.advance(by: 7)
            #expect(await error?.code == .offline)
            #expect(await error?.data.cause == "connect")
            // Nobody waits any more, so the attempt under way is the last.
            try await fixture.account.flight?.task.value
            #expect(try await fixture.status.state == .offline)
            try await fixture.tenant.serving {
                await fixture.killRefreshToken()
                #expect(await fixture.tokenError(.with(force: true))?.data.cause == "reuse_suspected")
            }
        }
    }

    @Test("within rotation_overlap a lost answer is asked for again within a second, and found")
    func overlap() async throws {
        try await AgentFixture.run(
            tenant: { $0.clients = [Client(refreshTokens: .init(overlap: 60))] }, ["rotation_overlap = 60"]
        ) { fixture in
            try await fixture.signIn()
            try await fixture.expireToken()
            await fixture.order(.loseAnswer, times: 3)
            async let token = fixture.token()
            for count in 2...4 {
                let pause = try await fixture.clock.sleeper(within: 0.1...1)
                fixture.clock.advance(by: pause)
                try await fixture.refreshArrived(count)
            }
            #expect(try await token.from == .refresh)
            #expect(await fixture.refreshes.map { $0.refreshToken?.generation } == [0, 0, 0, 0])
            #expect(fixture.store.record()?.contains("refreshing_since") == false)
        }
    }

    @Test("it is retried with back-off though nobody waits, until the tenant answers")
    func goesOn() async throws {
        try await AgentFixture.run(tenant: { $0.clients = [Client(refreshTokens: .init(overlap: 600))] }) { fixture in
            try await fixture.signIn()
            await fixture.order(.page(503), times: 2)
            let caller = Task { await fixture.tokenError(.with(force: true)) }
            let first = try await fixture.clock.sleeper(within: 0.1...1)
            caller.cancel()
            _ = await caller.value
            fixture.clock.advance(by: first)
            fixture.clock.advance(by: try await fixture.clock.sleeper(within: 0.1...2))
            try await fixture.refreshArrived(3)
            try await fixture.account.flight?.task.value
            #expect(try await fixture.account.isInDoubt == false)
            #expect(try await fixture.token().from == .cache)
        }
    }

    @Test("a rate limit puts nothing in doubt")
    func rateLimit() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.order(.rateLimited(retryAfter: 3))
            async let error = fixture.tokenError(.with(force: true))
            try await fixture.clock.sleeper(within: 3...3)
            await fixture.killRefreshToken()
            fixture.clock.advance(by: 3)
            #expect(await error?.data.cause == "reuse_suspected")
        }
    }

    @Test("after a restart it is asked for at once, however long the access token still lives")
    func restartInTime() async throws {
        try await AgentFixture.run(tenant: { $0.clients = [Client(refreshTokens: .init(overlap: 60))] }) { fixture in
            try await fixture.signIn()
            await fixture.order(.holdAnswer)
            async let lost = fixture.tokenError(.with(force: true))
            try await fixture.tenant.requestHeld(at: .token, grant: .refreshToken)
            let next = try await fixture.restarted()
            _ = try await next.wake()
            try await fixture.refreshArrived(2)
            try await next.account.flight?.task.value
            #expect(try await next.account.isInDoubt == false)
            await fixture.tenant.release()
            _ = await lost
        }
    }

    @Test("a record whose refresh had no answer is in doubt at the next start")
    func restart() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            try await fixture.expireToken()
            await fixture.order(.holdAnswer)
            async let lost = fixture.tokenError()
            try await fixture.tenant.requestHeld(at: .token, grant: .refreshToken)
            let next = try await fixture.restarted()
            // The tenant has rotated and allows no overlap, so the token that the record has is dead.
            #expect(await next.tokenError()?.data.cause == "lost_answer")
            await fixture.tenant.release()
            _ = await lost
        }
    }

    @Test("a refusal out of the blue is reuse_suspected")
    func reuse() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.killRefreshToken()
            #expect(await fixture.tokenError(.with(force: true))?.data.cause == "reuse_suspected")
        }
    }

    @Test("a refusal at the end of the session's lifetime is expired")
    func expired() async throws {
        try await AgentFixture.run(["session_lifetime = 100000"]) { fixture in
            try await fixture.signIn()
            await fixture.killRefreshToken()
            fixture.clock.advance(by: 100_000)
            #expect(await fixture.tokenError()?.data.cause == "expired")
        }
    }

    @Test("the tenant's words about a deleted user are user_deleted")
    func deleted() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.tenant.deleteUser(AgentFixture.person)
            #expect(await fixture.tokenError(.with(force: true))?.data.cause == "user_deleted")
        }
    }

    @Test("a refused refresh token is never sent again, not even after a restart")
    func neverAgain() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.killRefreshToken()
            #expect(await fixture.tokenError(.with(force: true))?.code == .loginRequired)
            let next = try await fixture.restarted()
            for fixture in [fixture, next] {
                #expect(await fixture.tokenError(.with(force: true))?.data.cause == "reuse_suspected")
                #expect(try await fixture.wake() == nil)
            }
            #expect(await fixture.refreshes.count == 1)
        }
    }

    @Test("without a refresh token the end of the access token is no_refresh_token")
    func noRefreshToken() async throws {
        try await AgentFixture.run(["scope = openid email"]) { fixture in
            try await fixture.signIn()
            #expect(try await fixture.token().from == .cache)
            try await fixture.expireToken()
            #expect(await fixture.tokenError()?.data.cause == "no_refresh_token")
            #expect(await fixture.refreshes.isEmpty)
        }
    }

    @Test("nobody ever signed in: never")
    func never() async throws {
        try await AgentFixture.run { fixture in
            #expect(await fixture.tokenError()?.data.cause == "never")
            let status = try await fixture.status
            #expect(status.state == .signedOut)
        }
    }
}
