package import Foundation
import OutsideInput

/// A local tenant that answers like Auth0: passwordless sign-in, MFA, refresh, revocation, keys.
///
/// All state is this actor's. The endpoints are extensions of it that take a ``Call`` and give an ``Answer``; each does
/// its work without suspension once the client is authenticated, so no two requests are ever half done.
package actor DevTenant {
    package nonisolated let options: Options
    nonisolated let authority: CertificateAuthority?
    let clients: [String: Client]
    let apis: [String: API]
    let connections: [String: Connection]

    var users = Users()
    var codes: Codes
    var refreshTokens = RefreshTokens()
    var accessTokens = AccessTokens()
    var signingKeys: SigningKeys
    var usedAssertions: Set<String> = []
    var startLimits: [String: RateLimit] = [:]

    /// Holds for who has no policy of their own.
    var mfaPolicy: MFAPolicy
    /// By `mfa_token`.
    var mfaSessions: [String: MFASession] = [:]
    var challenges = OOBChallenges()
    /// By user.
    var mfaLimits: [String: MFALimits] = [:]

    var outbox = Outbox()
    var log = RequestLog()
    var secrets = SecretLedger()
    var faults = FaultQueue()
    /// The requests that wait for ``release()``, by index.
    var held: Set<Int> = []

    /// What became of the attempt to listen; nil before it and after the end.
    var listening: Result<Int, any Error>?
    /// The port the tenant listens on, or will again.
    var port: Int
    var isClosing = false

    private var clockOffset: TimeInterval = 0
    private var waiters: [Int: CheckedContinuation<Void, any Error>] = [:]
    private var waiterCount = 0

    package init(_ options: Options = Options()) throws {
        self.options = options
        clients = Dictionary(options.clients.map { ($0.id, $0) }) { _, last in last }
        apis = Dictionary(options.apis.map { ($0.identifier, $0) }) { _, last in last }
        connections = Dictionary(options.connections.map { ($0.name, $0) }) { _, last in last }
        mfaPolicy = options.mfa.policy
        codes = Codes(
            rules: .init(
                length: options.codeLength, lifetime: options.codeLifetime, attempts: options.codeAttempts))
        signingKeys = options.signingKeys ?? SigningKeys()
        authority = options.usesTLS ? try CertificateAuthority(now: Date()) : nil
        port = options.port
    }

    /// With its final slash: `http://127.0.0.1:PORT/`. The port is known once the tenant listens.
    package var issuer: String { "\(options.usesTLS ? "https" : "http")://127.0.0.1:\(port)/" }

    /// The MFA API: by its access tokens people manage their authenticators.
    var mfaAudience: String { issuer + "mfa/" }

    /// The API with this identifier: a registered one, or the MFA API that every tenant has.
    func api(_ identifier: String) -> API? {
        guard identifier == mfaAudience else { return apis[identifier] }
        return API(
            identifier: identifier, scopes: ["enroll", "read:authenticators", "remove:authenticators"],
            allowsOfflineAccess: false, tokenLifetime: 600)
    }

    /// What a client has to trust; nil without TLS.
    package nonisolated var caCertificatePEM: String? { authority?.certificatePEM }

    /// The tenant's time.
    package var now: Date { options.baseClock() + clockOffset }

    /// The tenant's time in whole Unix seconds, as tokens have it.
    var unixTime: Int { Bounded.whole(now.timeIntervalSince1970, in: Bounded.times) ?? 0 }

    package func advanceClock(by seconds: TimeInterval) {
        clockOffset += seconds
        announce()
    }

    /// Tells everybody who waits that something has changed.
    func announce() {
        for waiter in waiters.values { waiter.resume() }
        waiters = [:]
    }

    /// Suspends until `find` finds something; it is asked anew after every change of state.
    @discardableResult
    func wait<Found: Sendable>(for find: @Sendable (isolated DevTenant) throws -> Found?) async throws -> Found {
        while true {
            if let found = try find(self) { return found }
            try await nextChange()
        }
    }

    private func nextChange() async throws {
        let id = waiterCount
        waiterCount += 1
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<Void, any Error>) in
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    waiters[id] = continuation
                }
            }
        } onCancel: {
            Task { await self.abandon(id) }
        }
    }

    private func abandon(_ id: Int) {
        waiters.removeValue(forKey: id)?.resume(throwing: CancellationError())
    }
}
