package import AsyncHTTPClient
import Auth0
import FoundationEssentials
import KeyringProtocol
import PosternProtocol

/// What a profile needs to talk to its tenant.
final class Tenant: Sendable {
    let api: AuthenticationAPI
    let verifier: IDTokenVerifier

    init(api: AuthenticationAPI, verifier: IDTokenVerifier) {
        self.api = api
        self.verifier = verifier
    }

    /// The same tenant without the client's secret, for whom has nothing more to ask of it.
    var withoutSecret: Tenant {
        Tenant(api: api.withoutAuthentication, verifier: verifier)
    }
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
        let now: @Sendable () -> Date = { [clock] in clock.wall }
        let api = AuthenticationAPI(
            issuer: profile.issuer, clientID: profile.clientID, authentication: try await authentication(of: profile),
            transport: HTTPTransport(
                client: client, trustAnchors: profile.trustAnchors, sleep: { try await Reactor.shared.sleep(for: $0) }),
            now: now)
        return Tenant(api: api, verifier: IDTokenVerifier(api: api.withoutAuthentication, now: now))
    }

    /// The API of the tenant and client that a sign-in under other settings was made with, for revoking its refresh token.
    ///
    /// - Parameter anchors: those that are known, of which those count that the sign-in was bound to.
    /// - Throws: why its tenant cannot be asked.
    func api(
        of binding: Credentials.Binding, profile: Profile, anchors: [TrustAnchors]
    ) async throws(AgentError) -> AuthenticationAPI {
        let issuer: Issuer
        do {
            issuer = try Issuer(url: binding.issuer)
        } catch {
            throw AgentError(.misconfigured, "The address of the tenant of the earlier sign-in \(error.reason).") {
                $0.profile = profile.name
            }
        }
        let known = TrustAnchors(of: anchors, among: Set(binding.anchors ?? []))
        return AuthenticationAPI(
            issuer: issuer, clientID: binding.clientID,
            authentication: await authentication(of: binding, profile: profile, anchors: known),
            transport: HTTPTransport(
                client: client, trustAnchors: known,
                sleep: { try await Reactor.shared.sleep(for: $0) }),
            now: { [clock] in clock.wall })
    }

    /// Keeps a client's secret or private key in the keyring; also for profiles that keep their tokens elsewhere.
    func setClientSecret(_ secret: Secret, of profile: Profile) async throws(SecretStoreError) {
        _ = await keyring.state(mayStart: true)
        let kind: ClientSecret.Kind = profile.clientAuth == .privateKeyJWT ? .privateKey : .secret
        let stored = ClientSecret(secret, kind: kind, of: profile)
        guard let json = try? JSONEncoder().encode(stored) else {  // strings alone: cannot fail
            throw .failing("the secret cannot be written as JSON")
        }
        try await keyring.save(String(decoding: json, as: UTF8.self), as: Self.item(of: profile.name))
    }

    private func authentication(of profile: Profile) async throws(AgentError) -> ClientAuthentication {
        guard profile.clientAuth != .none else { return .none }
        let record = try await storedSecret(of: profile)
        func missing(_ message: String) -> AgentError {
            AgentError(.misconfigured, message) { data in
                data.profile = profile.name
                data.hint = "Set it by 'postern client-secret set \(profile.name)'."
            }
        }
        // One that belongs to another tenant or client is never sent: an edited file must not send a secret elsewhere.
        guard let record, record.belongs(to: profile.issuer.description, profile.clientID, profile.trustAnchors) else {
            throw missing(
                "The keyring has no client secret for profile \(profile.name), its tenant and the certificates it may be known by."
            )
        }
        guard let authentication = record.authentication(profile.clientAuth) else {
            throw missing(
                "The keyring has \(record.kind == .privateKey ? "a private key" : "a client secret") for profile "
                    + "\(profile.name), whose client_auth, \(profile.clientAuth.rawValue), takes another kind.")
        }
        return authentication
    }

    /// How the client of an earlier sign-in proves itself: by the stored secret, if it is that client's. How it did so then is not known, but Auth0 takes a
    /// secret in the body from whoever has one.
    private func authentication(
        of binding: Credentials.Binding, profile: Profile, anchors: TrustAnchors?
    ) async -> ClientAuthentication {
        // Without a keyring there may be no secret either; if there is, the tenant says that it misses it.
        guard let record = try? await storedSecret(of: profile),
            record.belongs(to: binding.issuer, binding.clientID, anchors)
        else { return .none }
        let isSameClient = profile.issuer.description == binding.issuer && profile.clientID == binding.clientID
        if isSameClient, let authentication = record.authentication(profile.clientAuth) { return authentication }
        return switch record.kind {
        case .secret: .secretPost(record.secret)
        case .privateKey: .privateKeyJWT(record.secret)
        }
    }

    /// What the keyring holds for the profile's client; nil is nothing.
    private func storedSecret(of profile: Profile) async throws(AgentError) -> ClientSecret? {
        let item = Self.item(of: profile.name)
        let stored: String?
        do {
            stored = try await keyring.load(item)
        } catch {
            throw AgentError(error, profile: profile.name)
        }
        do {
            return try stored.map { (json) throws(ClientSecret.Corrupt) in try ClientSecret(json: json) }
        } catch {
            throw AgentError(.corrupt(item), profile: profile.name)
        }
    }

    private static func item(of profile: String) -> KeyringItem {
        KeyringItem(kind: .clientSecret, profile: profile, collection: .default)
    }
}
