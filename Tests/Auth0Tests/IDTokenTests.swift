import DevTenant
import Testing

@testable import Auth0

@Suite("An ID token")
struct IDTokenTests {
    /// Signs in and gets an ID token with a flaw.
    private static func token(_ flaw: IDTokenFlaw?, _ fixture: TenantFixture) async throws -> Secret {
        if let flaw { await fixture.order(.idToken(flaw), at: .exchange) }
        return try #require(try await fixture.signIn().idToken)
    }

    private static func brokenRule(
        _ token: Secret, subject: String? = nil, _ fixture: TenantFixture
    ) async -> IDTokenError? {
        do throws(IDTokenVerifier.Failure) {
            _ = try await fixture.verifier.verify(token, subject: subject)
            return nil
        } catch {
            guard case .invalid(let rule) = error else { return nil }
            return rule
        }
    }

    @Test("a good one says who signed in")
    func good() async throws {
        try await TenantFixture.run { fixture in
            let claims = try await fixture.verifier.verify(try await Self.token(nil, fixture))
            #expect(claims.email == TenantFixture.person)
            #expect(claims.sub?.hasPrefix("email|") == true)
            #expect(
                try await fixture.verifier.verify(try await Self.token(.severalAudiences, fixture)).sub == claims.sub)
        }
    }

    @Test(
        "each rule is checked",
        arguments: [
            (IDTokenFlaw.unsecured, "algorithm"), (.sharedSecret, "algorithm"), (.unknownKey, "unknownKey"),
            (.badSignature, "signature"), (.issuerWithoutSlash, "issuer"), (.otherAudience, "audience"),
            (.severalAudiencesWithoutParty, "authorizedParty"), (.expired, "expired"), (.withoutSubject, "subject"),
            (.withoutIssueTime, "issuedAt"),
        ])
    func rules(flaw: IDTokenFlaw, rule: String) async throws {
        try await TenantFixture.run { fixture in
            let broken = await Self.brokenRule(try await Self.token(flaw, fixture), fixture)
            #expect(broken.map { String(describing: $0).prefix { $0 != "(" } } == Substring(rule))
        }
    }

    @Test("after a refresh it must be about the same person")
    func subject() async throws {
        try await TenantFixture.run { fixture in
            let token = try await Self.token(nil, fixture)
            let sub = try #require(try await fixture.verifier.verify(token).sub)
            #expect(await Self.brokenRule(token, subject: sub, fixture) == nil)
            #expect(await Self.brokenRule(token, subject: "email|other", fixture) == .otherSubject)
        }
    }

    @Test(
        "what is no token at all is malformed",
        arguments: ["", "x", "a.b", "a.b.c", "e30.e30.", "..", "e30.e30.e30.e30"])
    func malformed(text: String) async throws {
        try await TenantFixture.run { fixture in
            let rule = await Self.brokenRule(Secret(text), fixture)
            #expect(rule != nil)
            #expect(await fixture.tenant.requests().isEmpty)
        }
    }

    @Test("the tenant's clock may be 60 seconds off, no more")
    func leeway() async throws {
        try await TenantFixture.run { fixture in
            let token = try await Self.token(nil, fixture)
            fixture.clock.advance(by: 36_000 + 59)
            #expect(await Self.brokenRule(token, fixture) == nil)
            fixture.clock.advance(by: 1)
            #expect(await Self.brokenRule(token, fixture) == .expired)
        }
    }

    @Test("an unknown key has the keys fetched once, and not again within a minute")
    func refetch() async throws {
        try await TenantFixture.run { fixture in
            func fetches() async -> Int { await fixture.tenant.requests(to: .keys).count }
            _ = try await fixture.verifier.verify(try await Self.token(nil, fixture))
            #expect(await fetches() == 1)
            let unknown = try await Self.token(.unknownKey, fixture)
            fixture.clock.advance(by: 60)
            for _ in 1...3 { #expect(await Self.brokenRule(unknown, fixture) != nil) }
            #expect(await fetches() == 2)
            fixture.clock.advance(by: 60)
            _ = await Self.brokenRule(unknown, fixture)
            #expect(await fetches() == 3)
        }
    }

    @Test("a key that the tenant began to use is found by fetching anew")
    func rotation() async throws {
        try await TenantFixture.run { fixture in
            _ = try await fixture.verifier.verify(try await Self.token(nil, fixture))
            for _ in 1...2 { try await fixture.tenant.rotateKeys() }
            fixture.clock.advance(by: 61)
            let token = try await Self.token(nil, fixture)
            #expect(await !fixture.verifier.knowsKey(of: token))
            _ = try await fixture.verifier.verify(token)
            #expect(await fixture.verifier.knowsKey(of: token))
        }
    }

    @Test("keys that cannot be fetched say nothing about the token")
    func keysUnavailable() async throws {
        try await TenantFixture.run { fixture in
            let token = try await Self.token(nil, fixture)
            await fixture.order(.page(503), at: .keys)
            #expect(await Self.brokenRule(token, fixture) == nil)
            _ = try await fixture.verifier.verify(token)
        }
    }
}
