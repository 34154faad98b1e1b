import Auth0
import DevTenant
import Foundation
import PosternProtocol
import Testing

@testable import Agent

@Suite("A sign-in and the trust anchors it is bound to")
struct TrustBindingTests {
    /// A private tenant, and the certificates of an authority that somebody else has.
    private static func run(
        _ body: @escaping @Sendable (AgentFixture, _ own: String, _ other: String) async throws -> Void
    ) async throws {
        try await AgentFixture.run(tenant: { $0.usesTLS = true }) { fixture in
            var options = Options()
            options.usesTLS = true
            let own = try #require(fixture.tenant.caCertificatePEM)
            let other = try #require(try DevTenant(options).caCertificatePEM)
            try use(own, fixture)
            try await fixture.reconfigure(adding: ["ca_file = \(path(fixture))"])
            try await body(fixture, own, other)
        }
    }

    private static func path(_ fixture: AgentFixture) -> String { fixture.files.root + "/ca.pem" }

    private static func use(_ certificates: String, _ fixture: AgentFixture) throws {
        try certificates.write(toFile: path(fixture), atomically: true, encoding: .utf8)
    }

    private static func reload(_ certificates: String, _ fixture: AgentFixture) async throws {
        try use(certificates, fixture)
        try await fixture.agent.applyConfiguration()
    }

    @Test("with one that was not there its refresh token is not sent, until the old set is back")
    func added() async throws {
        try await Self.run { fixture, own, other in
            try await fixture.signIn()
            try await Self.reload(own + other, fixture)
            let error = await fixture.tokenError(.with(force: true))
            #expect(error?.code == .loginRequired && error?.data.cause == "settings_changed")
            #expect(await fixture.refreshes.isEmpty)
            #expect(try await fixture.restarted().tokenError(.with(force: true))?.data.cause == "settings_changed")
            try await Self.reload(own, fixture)
            #expect(try await fixture.token(.with(force: true)).from == .refresh)
        }
    }

    @Test("fewer are no sign-out, and neither is the whole set again, nor another order or the same one twice")
    func fewer() async throws {
        try await Self.run { fixture, own, other in
            try await Self.reload(own + other, fixture)
            try await fixture.signIn()
            for certificates in [own, other + own, own + own, own] {
                try await Self.reload(certificates, fixture)
                #expect(try await fixture.token(.with(force: true)).from == .refresh)
                fixture.clock.advance(by: 1)
                #expect(try await fixture.restarted().token().from == .cache)
            }
        }
    }

    @Test("a sign-in under the new set revokes the old one by the anchors that it was bound to")
    func signInAnew() async throws {
        try await Self.run { fixture, own, other in
            try await fixture.signIn()
            try await Self.reload(own + other, fixture)
            try await fixture.signIn()
            try await fixture.tenant.requestArrived(at: .revoke)
            #expect(try await fixture.token(.with(force: true)).from == .refresh)
        }
    }

    @Test("a sign-out revokes it by those that are known of it, and says so where none is", arguments: [true, false])
    func signOut(isRestarted: Bool) async throws {
        try await Self.run { fixture, own, other in
            try await fixture.signIn()
            try await Self.reload(other, fixture)
            // A process that has never seen the old file has the system's certificates alone.
            let agent = isRestarted ? try await fixture.restarted().agent : fixture.agent
            let answer = try await agent.logout(Logout())
            #expect(answer.revoked == !isRestarted && answer.deleted)
            #expect((answer.reason == nil) == !isRestarted)
            #expect(await fixture.tenant.requests(to: .revoke).count == (isRestarted ? 0 : 1))
        }
    }

    @Test("a client's secret is bound to them as well")
    func clientSecret() throws {
        let own = try TrustAnchors(pem: try Self.certificate())
        let both = try TrustAnchors(pem: try Self.certificate() + Self.certificate(other: true))
        var profile = Profile(name: "work", issuer: try Issuer(domain: "a.example"), clientID: "c")
        profile.trustAnchors = own
        let secret = ClientSecret(Secret("s"), kind: .secret, of: profile)
        let stored = try ClientSecret(json: String(decoding: try JSONEncoder().encode(secret), as: UTF8.self))
        #expect(stored.belongs(to: "https://a.example/", "c", own))
        #expect(stored.belongs(to: "https://a.example/", "c", nil))
        #expect(!stored.belongs(to: "https://a.example/", "c", both))
        #expect(
            !stored.belongs(to: "https://b.example/", "c", own) && !stored.belongs(to: "https://a.example/", "d", own))
    }

    private static let authorities = Result {
        var options = Options()
        options.usesTLS = true
        return [try DevTenant(options).caCertificatePEM, try DevTenant(options).caCertificatePEM]
    }

    private static func certificate(other: Bool = false) throws -> String {
        try #require(try authorities.get()[other ? 1 : 0])
    }

    @Test("one that did not note its anchors is used as before, and bound from then on")
    func unnoted() async throws {
        try await Self.run { fixture, own, other in
            try await fixture.signIn()
            let record = try #require(fixture.store.record())
            try await fixture.store.save(
                record.replacing(/"anchors":\[[^\]]*\],?/, with: ""),
                as: Account.item(of: try await fixture.account.profile))
            let next = try await fixture.restarted()
            #expect(try await next.token(.with(force: true)).from == .refresh)
            try await Self.reload(own + other, fixture)
            #expect(try await fixture.restarted().tokenError(.with(force: true))?.data.cause == "settings_changed")
        }
    }
}
