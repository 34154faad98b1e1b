import AsyncHTTPClient
import DevTenant
import Foundation
import NIOPosix
import TestSupport
import Testing

@testable import Auth0

@Suite("The way to the tenant")
struct TransportTests {
    private static func error(at url: String) async throws -> Auth0Error.Kind? {
        let client = HTTPTransport.makeClient(on: MultiThreadedEventLoopGroup.singleton)
        let api = AuthenticationAPI(
            issuer: try Issuer(url: url), clientID: "x", authentication: .none,
            transport: HTTPTransport(client: client, sleep: { try await Task.sleep(for: $0) }), now: { .now })
        let kind: Auth0Error.Kind?
        do {
            _ = try await api.keySet()
            kind = nil
        } catch {
            kind = error.kind
        }
        try await client.shutdown()
        return kind
    }

    @Test("a redirect is not followed, and no credential goes where it points", arguments: TenantCall.allCases)
    func redirect(call: TenantCall) async throws {
        try await TenantFixture.run { other in
            try await TenantFixture.run(authentication: .secretPost(Secret("s3cret"))) { fixture in
                await fixture.order(.redirect(to: await other.tenant.issuer + "oauth/token"), at: call)
                #expect(await fixture.error(call)?.kind == .notJSON)
            }
            #expect(await other.tenant.requests().isEmpty)
        }
    }

    @Test(
        "an answer without end or of more than 1 MiB is none",
        arguments: [
            Fault.body(.oversized(bytes: 2 << 20)), .body(.endless),
        ])
    func size(fault: Fault) async throws {
        try await TenantFixture.run { fixture in
            await fixture.order(fault, at: .refresh)
            #expect(await fixture.error(.refresh)?.kind == .noAnswer)
        }
    }

    @Test(
        "an answer that does not come, or stops in its middle, is given up at the deadline",
        arguments: [
            Fault.hold, .body(.stalled),
        ])
    func deadline(fault: Fault) async throws {
        try await TenantFixture.run(deadline: .milliseconds(300)) { fixture in
            await fixture.order(fault, at: .refresh)
            #expect(await fixture.error(.refresh)?.kind == .noAnswer)
        }
    }

    @Test("a connection that is dropped without an answer is noAnswer", arguments: [Fault.hangUp, .loseAnswer])
    func dropped(fault: Fault) async throws {
        try await TenantFixture.run { fixture in
            await fixture.order(fault, at: .refresh)
            #expect(await fixture.error(.refresh)?.kind == .noAnswer)
        }
    }

    @Test("a page where JSON should be is notJSON at every call", arguments: TenantCall.allCases)
    func page(call: TenantCall) async throws {
        try await TenantFixture.run { fixture in
            await fixture.order(.page(), at: call)
            let error = await fixture.error(call)
            #expect(error?.kind == .notJSON)
            #expect(error?.hint?.contains("captive portal") == true)
        }
    }

    @Test("nobody listens: it was never sent")
    func refused() async throws {
        let tenant = try DevTenant()
        try await tenant.serving {}
        #expect(try await Self.error(at: await tenant.issuer) == .unreachable(.connect))
    }

    @Test("nobody listens at a host with a name: it was never sent")
    func refusedByName() async throws {
        let tenant = try DevTenant()
        try await tenant.serving {}
        #expect(
            try await Self.error(at: await tenant.issuer.replacing("127.0.0.1", with: "localhost"))
                == .unreachable(.connect))
    }

    @Test("a host name that does not exist is dns")
    func unknownHost() async throws {
        #expect(try await Self.error(at: "https://no-such-tenant.invalid/") == .unreachable(.dns))
    }

    @Test("a certificate that nobody vouches for is tls, and nothing was sent")
    func untrusted() async throws {
        try await TenantFixture.run(tenant: { $0.usesTLS = true }, trusts: false) { fixture in
            #expect(await fixture.error(.refresh)?.kind == .unreachable(.tls))
            #expect(await fixture.tenant.requests().isEmpty)
        }
    }

    @Test("with ca_file the private tenant is trusted")
    func trusted() async throws {
        try await TenantFixture.run(tenant: { $0.usesTLS = true }) { fixture in
            let tokens = try await fixture.signIn()
            #expect(tokens.refreshToken != nil)
        }
    }

    @Test("with ca_file a system without certificates is no obstacle")
    func noSystemAnchors() async throws {
        try await TenantFixture.run(tenant: { $0.usesTLS = true }, systemHasAnchors: false) { fixture in
            let tokens = try await fixture.signIn()
            #expect(tokens.refreshToken != nil)
        }
    }

    @Test("https to a server that speaks http is tls")
    func plain() async throws {
        try await TenantFixture.run { fixture in
            let kind = try await Self.error(at: await fixture.tenant.issuer.replacing("http:", with: "https:"))
            #expect(kind == .unreachable(.tls))
        }
    }
}
