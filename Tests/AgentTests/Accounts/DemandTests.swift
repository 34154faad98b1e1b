import DevTenant
import Foundation
import PosternProtocol
import Testing

@testable import Agent

@Suite("Refreshes that callers demand")
struct DemandTests {
    @Test("force refreshes once a second at most: who comes sooner waits, and all who wait share the next one")
    func force() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let first = try await fixture.token(.with(force: true))
            async let second = fixture.token(.with(force: true))
            async let third = fixture.token(.with(force: true))
            try await fixture.clock.sleepers(within: 1...1, count: 2)
            #expect(await fixture.refreshes.count == 1)
            fixture.clock.advance(by: 1)
            let (later, latest) = (try await second, try await third)
            #expect(later.accessToken == latest.accessToken && later.accessToken != first.accessToken)
            #expect(later.from == .refresh && latest.from == .refresh)
            #expect(await fixture.refreshes.count == 2)
        }
    }

    @Test("who cannot wait that long is told so at once, with 1016")
    func impatient() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            _ = try await fixture.token(.with(force: true))
            #expect(await fixture.tokenError(.with(wait: 0, force: true))?.code == .timeout)
            #expect(try await fixture.token().from == .cache)
            #expect(await fixture.refreshes.count == 1)
        }
    }

    @Test("no other way to demand one is quicker: another scope, a token reported as refused")
    func otherWays() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let token = try await fixture.token(.with(force: true)).accessToken
            #expect(await fixture.tokenError(.with(scope: "email", wait: 0, force: true))?.code == .timeout)
            #expect(await fixture.tokenError(.with(wait: 0, rejected: sha256(token)))?.code == .timeout)
            // The refused token is gone, but whoever asks now does not make up for it.
            #expect(await fixture.tokenError(.with(wait: 0))?.code == .timeout)
            #expect(await fixture.refreshes.count == 1)
            fixture.clock.advance(by: 1)
            #expect(try await fixture.token().from == .refresh)
        }
    }

    @Test("nor an ID token that has expired, and who waited for the next one takes what has become of it meanwhile")
    func idToken() async throws {
        try await AgentFixture.run(tenant: { $0.idTokenLifetime = 10 }) { fixture in
            // Expired when it comes, but within what clocks may differ.
            fixture.clock.setWallClock(ahead: 30)
            try await fixture.signIn()
            let error = await failure { () async throws(AgentError) in _ = try await fixture.agent.idToken(GetIDToken())
            }
            #expect(error?.code == .tenantError)
            #expect(await fixture.refreshes.count == 1)
            async let token = fixture.agent.idToken(GetIDToken())
            try await fixture.clock.sleeper(within: 1...1)
            fixture.clock.setWallClock(ahead: 0)
            fixture.clock.advance(by: 1)
            _ = try await token
            #expect(await fixture.refreshes.count == 1)
        }
    }

    @Test(
        "many that are demanded at once are a second apart, whatever their scopes, and who needs one is not kept waiting"
    )
    func scopes() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let email = try await fixture.token(.with(scope: "email"))
            await fixture.order(.hold)
            async let first = fixture.token(.with(force: true))
            try await fixture.tenant.requestHeld(at: .token, grant: .refreshToken)
            async let forced = fixture.token(.with(scope: "email", force: true))
            async let other = fixture.token(.with(scope: "profile", force: true))
            async let needed = fixture.token(.with(scope: "openid"))
            try await fixture.clock.sleepers(within: 20...20, count: 4)
            await fixture.tenant.release()
            _ = try await (first, needed)
            #expect(await fixture.refreshes.count == 3)
            for count in 4...5 {
                try await fixture.clock.sleeper(within: 0.1...1)
                #expect(await fixture.refreshes.count == count - 1)
                fixture.clock.advance(by: 1)
                try await fixture.refreshArrived(count)
            }
            _ = try await other
            #expect(try await forced.accessToken != email.accessToken, "the one that there was is older")
        }
    }

    @Test("where no refresh can help, the answer comes at once all the same")
    func refused() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.killRefreshToken()
            for _ in 1...3 { #expect(await fixture.tokenError(.with(force: true))?.code == .loginRequired) }
            #expect(await fixture.refreshes.count == 1)
        }
    }

    @Test("tokens that live a second are refreshed ahead each two seconds, not without end")
    func shortLived() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.order(.members(["expires_in": 1]), times: 100)
            _ = try await fixture.token(.with(force: true))
            try await fixture.withRefresher {
                for count in 2...5 {
                    try await fixture.clock.sleeper(within: 1.9...2)
                    #expect(await fixture.refreshes.count == count - 1)
                    fixture.clock.advance(by: 2)
                    try await fixture.refreshArrived(count)
                }
            }
        }
    }
}
