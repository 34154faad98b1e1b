package import AsyncHTTPClient
import Auth0
import FoundationEssentials
import KeyringProtocol
import PosternProtocol

/// What a profile needs to talk to its tenant.
struct Tenant: Sendable {
    let api: AuthenticationAPI
    let verifier: IDTokenVerifier
}

/// Makes a profile's ``Tenant``: the place where a confidential client's secret is read from the keyring.
package struct Tenants: Sendable {
    private let client: HTTPClient
    private let keyring: any SecretStore
    private let clock: any AgentClock

    package init(client: HTTPClient, keyring: any SecretStore, clock: any AgentClock) {
        self.client = client
        self.keyring = keyring
        self.clock = clock
    }

    func tenant(of profile: Profile) async throws(AgentError) -> Tenant {
        let now: @Sendable () -> Date = { [clock] in clock.now }
        let api = AuthenticationAPI(
            issuer: profile.issuer, clientID: profile.clientID, authentication: try await authentication(of: profile),
            transport: HTTPTransport(client: client, trustAnchors: profile.caFile), now: now)
        return Tenant(api: api, verifier: IDTokenVerifier(api: api, now: now))
    }

    /// Keeps a client's secret or private key in the keyring; also for profiles that keep their tokens elsewhere.
    func setClientSecret(_ secret: Secret, of profile: String) async throws(SecretStoreError) {
        _ = await keyring.state(mayStart: true)
        try await keyring.save(secret.revealed, as: Self.item(of: profile))
    }

    private func authentication(of profile: Profile) async throws(AgentError) -> ClientAuthentication {
        guard profile.clientAuth != .none else { return .none }
        let stored: String?
        do {
            stored = try await keyring.load(Self.item(of: profile.name))
        } catch {
            throw AgentError(error, profile: profile.name)
        }
        guard let stored else {
            throw AgentError(.misconfigured, "The keyring has no client secret for profile \(profile.name).") { data in
                data.profile = profile.name
                data.hint = "Set it by 'postern client-secret set \(profile.name)'."
            }
        }
        return switch profile.clientAuth {
        case .none: .none
        case .secretPost: .secretPost(Secret(stored))
        case .secretBasic: .secretBasic(Secret(stored))
        case .privateKeyJWT: .privateKeyJWT(Secret(stored))
        }
    }

    private static func item(of profile: String) -> KeyringItem {
        KeyringItem(kind: .clientSecret, profile: profile, collection: .default)
    }
}
