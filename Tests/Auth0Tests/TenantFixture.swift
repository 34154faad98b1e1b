import AsyncHTTPClient
import DevTenant
import Foundation
import NIOPosix
import Synchronization
import TestSupport

@testable import Auth0

/// A tenant on loopback, and an application's calls to it.
struct TenantFixture: Sendable {
    let tenant: DevTenant
    let api: AuthenticationAPI
    let verifier: IDTokenVerifier
    let clock: Clock

    /// Time that passes when a test says so.
    final class Clock: Sendable {
        private let date = Mutex(Date(timeIntervalSince1970: 1_800_000_000))

        var now: Date { date.withLock { $0 } }

        func advance(by seconds: Double) {
            date.withLock { $0 += seconds }
        }
    }

    /// Made once for all tenants of the process.
    private static let signingKeys = Result { try SigningKeys(now: Clock().now) }

    static func run(
        tenant edit: (inout Options) -> Void = { _ in }, authentication: ClientAuthentication = .none,
        trusts: Bool = true, systemHasAnchors: Bool = true, deadline: Duration = .seconds(15),
        _ body: @escaping @Sendable (TenantFixture) async throws -> Void
    ) async throws {
        let clock = Clock()
        var options = Options()
        options.baseClock = { clock.now }
        options.signingKeys = try signingKeys.get()
        edit(&options)
        let tenant = try DevTenant(options)
        let anchors = try tenant.caCertificatePEM.map { try TrustAnchors(pem: $0) }
        let client = HTTPTransport.makeClient(on: MultiThreadedEventLoopGroup.singleton)
        let transport = HTTPTransport(
            client: client, trustAnchors: trusts ? anchors : nil, systemHasAnchors: systemHasAnchors,
            deadline: deadline,
            sleep: { try await Task.sleep(for: $0) })
        let clientID = options.clients[0].id
        let result: Result<Void, any Error>
        do {
            try await withDeadline {
                try await tenant.serving {
                    let api = AuthenticationAPI(
                        issuer: try Issuer(url: await tenant.issuer), clientID: clientID,
                        authentication: authentication, transport: transport, now: { clock.now })
                    let verifier = IDTokenVerifier(api: api, now: { clock.now })
                    try await body(TenantFixture(tenant: tenant, api: api, verifier: verifier, clock: clock))
                }
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        try await client.shutdown()
        try result.get()
    }

    static let person = "ada@example.com"

    func start(_ start: PasswordlessStart = PasswordlessStart(connection: "email", username: person)) async throws {
        try await api.startPasswordless(start)
    }

    func exchange(
        _ code: String, scope: String = "openid profile email offline_access", audience: String? = nil
    ) async throws(Auth0Error) -> TokenResponse {
        try await api.exchangeCode(
            Secret(code), username: Self.person, connection: "email", scope: scope, audience: audience)
    }

    func signIn() async throws -> TokenResponse {
        try await start()
        return try await exchange(try await tenant.nextCode(for: Self.person))
    }

    static let mfaToken = Secret("an mfa token")
    static let phone = Auth0.Authenticator(id: "sms|dev_1", kind: .sms, name: nil)

    /// Signs in a person of whom a second factor is wanted.
    func mfaToken(
        scope: String = "openid profile email offline_access", audience: String? = nil
    ) async throws -> Secret {
        try await start()
        let code = try await tenant.nextCode(for: Self.person)
        do throws(Auth0Error) {
            _ = try await exchange(code, scope: scope, audience: audience)
        } catch {
            if case .mfaRequired(let requirement) = error.kind { return requirement.token }
        }
        throw NoSecondFactor()
    }

    struct NoSecondFactor: Error {}

    /// What a call fails with; nil if it does not.
    func error(_ call: TenantCall) async -> Auth0Error? {
        do throws(Auth0Error) {
            switch call {
            case .start: try await api.startPasswordless(.init(connection: "email", username: Self.person))
            case .exchange: _ = try await exchange("123456")
            case .refresh: _ = try await api.refresh(Secret("a refresh token"))
            case .revoke: try await api.revoke(Secret("a refresh token"))
            case .keys: _ = try await api.keySet()
            case .authenticators: _ = try await api.authenticators(Self.mfaToken)
            case .challenge: _ = try await api.challenge(Self.phone, mfaToken: Self.mfaToken)
            case .associate: _ = try await api.associate(.sms("+15550100"), Self.mfaToken)
            case .removal: try await api.removeAuthenticator(Self.phone.id, Self.mfaToken)
            case .otp: _ = try await api.prove(.otp(Secret("123456")), mfaToken: Self.mfaToken)
            case .oob:
                let proof = MFAProof.message(code: Secret("123456"), oob: Secret("an oob code"))
                _ = try await api.prove(proof, mfaToken: Self.mfaToken)
            case .recoveryCode:
                _ = try await api.prove(.recoveryCode(Secret("a recovery code")), mfaToken: Self.mfaToken)
            }
            return nil
        } catch {
            return error
        }
    }

    func order(_ fault: Fault, at call: TenantCall, times: Int = 1) async {
        await tenant.order(fault, at: call.endpoint, times: times)
    }
}

enum TenantCall: CaseIterable, Sendable {
    case start, exchange, refresh, revoke, keys
    case authenticators, challenge, associate, removal, otp, oob, recoveryCode

    var endpoint: Endpoint {
        switch self {
        case .start: .start
        case .exchange, .refresh, .otp, .oob, .recoveryCode: .token
        case .revoke: .revoke
        case .keys: .keys
        case .authenticators: .authenticators
        case .challenge: .challenge
        case .associate: .associate
        case .removal: .authenticator
        }
    }
}
