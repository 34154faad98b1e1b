import DevTenant
import PosternProtocol
import Testing

@testable import Agent

@Suite("Audiences")
struct AudienceTests {
    private static let orders = "https://orders.example.com"
    private static let stock = "https://stock.example.com"

    /// A tenant with two APIs, of which the policies of the refresh token name those given.
    private static func run(
        policies: [RefreshTokenPolicy.Resource], _ body: @escaping @Sendable (AgentFixture) async throws -> Void
    ) async throws {
        try await AgentFixture.run(
            tenant: { options in
                options.apis = [
                    API(identifier: orders, scopes: ["read:orders"]), API(identifier: stock, scopes: ["read:stock"]),
                ]
                options.clients[0].refreshTokens.resources = policies
            }, ["audience = \(orders)", "audiences = \(stock)"], body)
    }

    @Test("one refresh token serves them all, each token cached for itself")
    func several() async throws {
        try await Self.run(policies: [.init(audience: Self.stock, scopes: ["read:stock"])]) { fixture in
            try await fixture.signIn()
            let orders = try await fixture.token()
            let stock = try await fixture.token(.with(audience: Self.stock))
            #expect(stock.from == .refresh && stock.audience == Self.stock)
            #expect(stock.accessToken != orders.accessToken)
            #expect(try await fixture.token(.with(audience: Self.stock)).from == .cache)
            #expect(try await fixture.token().accessToken == orders.accessToken)
            #expect(await fixture.refreshes.count == 1)
        }
    }

    @Test("a token for another audience than was asked for is handed out to nobody, and not asked for again")
    func wrongAudience() async throws {
        try await Self.run(policies: []) { fixture in
            try await fixture.signIn()
            let first = await fixture.tokenError(.with(audience: Self.stock))
            #expect(first?.code == .misconfigured)
            #expect(await fixture.tokenError(.with(audience: Self.stock)) == first)
            #expect(await fixture.refreshes.count == 1)
            #expect(try await fixture.token(.with(force: true)).from == .refresh, "the rotated refresh token was kept")
            fixture.clock.advance(by: 86_400)
            #expect(await fixture.tokenError(.with(audience: Self.stock)) == first)
            #expect(await fixture.refreshes.count == 3)
        }
    }
}
