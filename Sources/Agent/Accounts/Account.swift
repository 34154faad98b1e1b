import Auth0
import FoundationEssentials
import KeyringProtocol
import Logging
import PosternProtocol

/// One profile's sign-in: its tokens, their one refresh at a time, and their record in the keyring.
///
/// Two values say what is known. `served` is what requests see. `record` is what the keyring shall hold; it runs ahead of `served` while a save is
/// under way, so that a new access token leaves only once its refresh token is safe.
actor Account {
    enum Session {
        /// The keyring has not been read yet, or could not be.
        case unknown(AgentError?)
        case signedOut
        case signedIn(Credentials)

        var credentials: Credentials? {
            if case .signedIn(let credentials) = self { credentials } else { nil }
        }
    }

    var profile: Profile
    let store: any SecretStore
    let parts: Parts

    /// What is the same for all accounts: one object, for there may be thousands of them.
    final class Parts: Sendable {
        let tenants: Tenants
        /// The keyring itself, also where an account keeps its tokens elsewhere.
        let keyring: any SecretStore
        let notes: LogoutNotes
        let unsaved: UnsavedRecords
        let clock: any AgentClock
        let deadlines = Deadlines()
        let pace = RefreshPace()
        let retries = RetryBudget()
        let counters: Counters
        let events: EventHub
        let log: Logger

        init(
            tenants: Tenants, keyring: any SecretStore, notes: LogoutNotes, unsaved: UnsavedRecords,
            clock: any AgentClock, counters: Counters,
            events: EventHub, log: Logger
        ) {
            self.tenants = tenants
            self.keyring = keyring
            self.notes = notes
            self.unsaved = unsaved
            self.clock = clock
            self.counters = counters
            self.events = events
            self.log = log
        }
    }

    var served = Session.unknown(nil)
    var cachedTenant: Tenant?
    private var tenantVersion = 0
    var loading: Task<Void, Never>?

    // Saving (Account+Saving.swift)
    var record: Credentials?
    /// Whether the keyring holds something else than `record`.
    var isUnsaved = false
    var writing: Task<Void, Never>?
    var saveBackoff = Account.newSaveBackoff
    var nextSave: Date?
    var saveError: SecretStoreError?
    /// The account that the same record belonged to, if the keyring has not taken all of it, or no keyring has any of it.
    var predecessor: Account?
    /// Earlier accounts of the profile that would still save, in another place.
    var elders: [Account]
    /// Sign-ins of this profile that were made under other settings, and that settings which are put back would find. They are not used, but revoked
    /// when somebody signs in or out (Account+Former.swift).
    var former: [Credentials] = []
    /// The same of sign-ins that nobody would find any more: they were in memory alone, or lie where another `persist` would have them.
    var handedOver: [Credentials]
    /// The trust anchors of the profile as it was before, by which ``former`` ones may have to be revoked.
    let formerAnchors: [TrustAnchors]
    /// Whether somebody has signed in, and what lies in the keyring's other places has not been looked for since.
    var mayHaveStrays = false

    /// As the keyring is known to hold it.
    var savedRefreshToken: Secret?
    /// Whether the keyring has been read or written.
    var isKeyringKnown = false

    // Refreshing (Account+Refreshing.swift, Account+Attempt.swift)
    /// Grows when somebody signs in or out, so that a refresh begun before knows that its result is not wanted any more.
    var epoch = 0
    var flight: Flight?
    /// The agent or the account is about to end: an attempt under way finishes, none begins.
    var isStopping = false
    /// A sign-in is being saved.
    var isSigningIn = false
    var waiters: [Int: Waiter] = [:]
    var waiterCount = 0
    /// The last attempt for the standard token failed for this reason; nil after a success.
    var refreshError: AgentError?
    /// The last attempt of the flight failed for this reason; nil if none has ended.
    var attemptError: AgentError?
    var lastAttempt = Date.distantPast
    /// The tenant asked not to be called before this (429 with Retry-After).
    var tenantPause = Date.distantPast
    /// The tenant may have rotated the refresh token without our knowing the new one.
    var isInDoubt: Bool { doubtSince != nil }
    /// When the request was sent whose answer is missing, Unix time.
    var doubtSince: Int?
    /// The last refresh was answered with a demand for a second factor.
    var needsSecondFactor = false
    /// That demand, as long as it can be answered (Account+SecondFactor.swift).
    var demand: Demand?
    var proving: Proving?
    /// By it the person's factors are managed. In memory only (Account+Factors.swift).
    var factorAccesses: [FactorAccess] = []
    /// What became due during sleep is not refreshed ahead before this.
    var resumeNotBefore = Date.distantPast
    /// The machine is going to sleep, unless it is said to have resumed before this (Account+Machine.swift).
    var asleepUntil = 0.0
    /// A failed refresh ahead is not tried again before this.
    var aheadNotBefore = Date.distantPast
    var aheadBackoff = Account.newAheadBackoff
    var jitter = 0
    /// Keys for which the tenant gave a token of another audience, and until when it is not asked again.
    var foreign: [TokenKey: (error: AgentError, until: Date)] = [:]
    /// The last of ``endWarnings`` that was given for this login.
    var warnedOfEnd: Int?
    /// Whether subscribers were told that something is unsaved.
    var hasToldUnsaved = false
    /// Tokens of other audiences and scopes, of the sign-in that is served.
    var further = FurtherTokens()
    /// Hashes of those of our tokens that servers refused, the newest last.
    var rejected: [String] = []
    /// When a caller last demanded a refresh that the token's age did not ask for.
    var lastDemand = Date.distantPast
    /// Sign-ins whose refresh tokens are to be revoked once the keyring has what replaced them.
    var replaced: [Credentials] = []
    /// Those of them that could not be: they are tried again when somebody signs in or out.
    var unrevoked: [Credentials] = []
    /// The last of the requests that revoke refresh tokens.
    var revocation: Task<AgentError?, Never>?

    nonisolated var unownedExecutor: UnownedSerialExecutor { Reactor.shared.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - handedOver: sign-ins that the profile is known to have elsewhere.
    ///   - formerAnchors: what the profile was bound to before.
    init(
        profile: Profile, store: any SecretStore, parts: Parts, predecessor: Account? = nil,
        elders: [Account] = [], handedOver: [Credentials] = [], formerAnchors: [TrustAnchors] = []
    ) {
        self.profile = profile
        self.store = store
        self.parts = parts
        self.predecessor = predecessor
        self.elders = elders
        self.handedOver = handedOver
        self.formerAnchors = formerAnchors
    }

    var now: Date { parts.clock.now }

    var item: KeyringItem { Self.item(of: profile) }

    static func item(of profile: Profile) -> KeyringItem {
        KeyringItem(
            kind: .session, profile: profile.name, collection: profile.persist == .session ? .session : .default)
    }

    /// What a caller of `token.get` asks for.
    struct Ask: Sendable {
        var key: TokenKey
        /// The scopes that the request named, for telling which of them were not granted.
        var namedScope: String?
        /// Seconds; nil is the configured minimum.
        var minTTL: Int?
        /// Of `[agent]`, seconds.
        var configuredMinTTL: Int
        var wait: Int
        var rejected: String?
        var force = false

        /// Whether it may ask for a refresh though the token is good for others.
        var demandsRefresh: Bool { force || rejected != nil }

        func with(wait: Int) -> Ask {
            var ask = self
            ask.wait = wait
            return ask
        }
    }

    func token(_ ask: Ask) async throws(AgentError) -> (token: AccessToken, from: GetToken.Response.Source) {
        // Once the record has been read, whatever became of the keyring since, this does nothing.
        try await loadOrThrow()
        reject(ask.rejected)
        let end = now + .seconds(ask.wait)
        repeat {
            if let token = try cachedToken(ask) {
                parts.counters.count(.tokensFromCache)
                return (token, .cache)
            }
            if !ask.force, let foreign = foreign[ask.key], now < foreign.until { throw foreign.error }
        } while try await demandHasPassed(before: end)
        let token = try await refreshedToken(ask.key, before: end, isDemanded: ask.demandsRefresh)
        try check(token, against: ask)
        parts.counters.count(.tokensFromRefresh)
        return (token, .refresh)
    }

    /// The cached token if it will do; nil if a refresh is needed.
    ///
    /// - Throws: 1017 or 1018 if a refresh would give no better token than the one that is here and not due yet.
    private func cachedToken(_ ask: Ask) throws(AgentError) -> AccessToken? {
        guard !ask.force, let token = token(of: ask.key), isServable(token) else { return nil }
        let minimum = ask.minTTL ?? token.standardMinTTL(ask.configuredMinTTL)
        let isFresh = now.unixTime < token.refreshDue(margin: profile.refreshMargin)
        guard token.secondsLeft(at: now) >= minimum || isFresh && token.longestTTL < minimum else { return nil }
        try check(token, against: ask)
        further.used(ask.key)
        return token
    }

    /// The token that there is of this key, good or not.
    func token(of key: TokenKey) -> AccessToken? {
        key == .standard ? served.credentials?.token : further.token(key)
    }

    /// Drops a token that a server refused, in memory and in the keyring's record, and remembers its hash in case the tenant issues it again. A hash of
    /// no token that is here needs no note: that token is gone already.
    private func reject(_ hash: String?) {
        guard let hash else { return }
        if further.remove(hash: hash) { return remember(rejected: hash) }
        guard var credentials = served.credentials, credentials.token?.hash == hash else { return }
        remember(rejected: hash)
        credentials.token = nil
        served = .signedIn(credentials)
        guard var kept = record, kept.token?.hash == hash else { return }
        kept.token = nil
        keep(kept)
        nextSave = now
        parts.deadlines.moved(of: self)
    }

    private func remember(rejected hash: String) {
        rejected.append(hash)
        if rejected.count > Self.rejectedLimit { rejected.removeFirst() }
    }

    /// So many refused tokens are remembered; callers can demand one refresh a second.
    private static let rejectedLimit = 1024

    func isServable(_ token: AccessToken) -> Bool {
        token.secondsLeft(at: now) > 0 && (rejected.isEmpty || !rejected.contains(token.hash))
    }

    private func check(_ token: AccessToken, against ask: Ask) throws(AgentError) {
        if let minimum = ask.minTTL, token.secondsLeft(at: now) < minimum {
            throw AgentError(
                .ttlUnavailable,
                "Access tokens of profile \(profile.name) live \(token.lifetime) seconds, not \(minimum)."
            ) { data in
                data.profile = profile.name
                data.hint = "Ask for less, or raise the lifetime in the API's settings at the tenant."
            }
        }
        guard let named = ask.namedScope else { return }
        let granted = Set(token.scope.split(separator: " "))
        let missing = Set(named.split(separator: " ")).subtracting(granted).map(String.init).sorted()
        guard missing.isEmpty else {
            throw AgentError(.scopeNotGranted, "The tenant did not grant \(missing.joined(separator: " ")).") { data in
                data.profile = profile.name
                data.missing = missing
                data.hint = "Add the scopes to the profile and sign in again, or have them granted at the tenant."
            }
        }
    }

    /// The ID token; an expired one is refreshed.
    func idToken(wait: Int) async throws(AgentError) -> Secret {
        try await loadOrThrow()
        let end = now + .seconds(wait)
        if let token = served.credentials?.idToken, let expiry = IDTokenClaims.expiry(ofVerified: token),
            expiry > parts.clock.wall.timeIntervalSince1970
        {
            return token
        }
        // A tenant whose ID tokens are expired when they come would be asked by each call.
        _ = try await demandHasPassed(before: end)
        _ = try await refreshedToken(.standard, before: end, isDemanded: true)
        guard let token = served.credentials?.idToken, let expiry = IDTokenClaims.expiry(ofVerified: token),
            expiry > parts.clock.wall.timeIntervalSince1970
        else {
            throw AgentError(.tenantError, "The tenant gave no new ID token to profile \(profile.name).") { data in
                data.profile = profile.name
            }
        }
        return token
    }

    func status(keyring: KeyringState) -> ProfileStatus {
        var status = ProfileStatus(
            name: profile.name, issuer: profile.issuer.description, state: state(keyring: keyring),
            persist: profile.persist.rawValue,
            saved: isRefreshTokenSaved)
        status.audience = profile.audience
        let credentials = served.credentials
        let token = credentials?.token
        status.account = credentials?.account.shown
        status.scope = token?.scope
        status.accessExpiresAt = token.map { wallTime($0.expiresAt) }
        // While a second factor is wanted nothing is refreshed by itself.
        status.refreshDueAt = needsSecondFactor ? nil : refreshDue.map(parts.clock.wallTime)
        status.loginEndsAt = loginEnd.map(parts.clock.wallTime)
        if case .unknown(let error) = served {
            status.lastError = error
        } else if let refreshError {
            status.lastError = refreshError
        } else if isUnsaved, let saveError {
            status.lastError = AgentError(saveError, profile: profile.name)
        } else if credentials?.refusal != nil || credentials == nil && hasOtherSignIns {
            status.lastError = loginRequired(by: credentials)
        }
        return status
    }

    /// Whether the keyring has the newest refresh token, or after a sign-out none. Of the rest of a record, nothing is lost with it.
    var isRefreshTokenSaved: Bool {
        guard isUnsaved else { return true }
        guard let record else { return false }
        // That a refresh token was refused must reach a keyring that may still have it.
        if !isKeyringKnown, record.refusal != nil { return false }
        return record.refreshToken == savedRefreshToken
    }

    private func state(keyring: KeyringState) -> ProfileStatus.State {
        guard let credentials = served.credentials else {
            if case .signedOut = served { return hasOtherSignIns ? .loginRequired : .signedOut }
            return keyring == .locked && profile.persist != .memory ? .locked : .signedOut
        }
        let isAlive = credentials.token.map { $0.secondsLeft(at: now) > 0 } ?? false
        if credentials.refusal != nil || credentials.refreshToken == nil && !isAlive {
            return .loginRequired
        }
        if needsSecondFactor { return .mfaRequired }
        if refreshError?.code == .offline { return .offline }
        return flight == nil ? .signedIn : .refreshing
    }

    /// A time that is kept as the wall clock tells it.
    func wallTime(_ time: Int) -> UnixTime {
        parts.clock.wallTime(of: Date(unixTime: time))
    }

    var isSignedIn: Bool { served.credentials?.refreshToken != nil }

    /// The profile's tenant; made once, and anew after ``forgetTenant()``.
    func tenant() async throws(AgentError) -> Tenant {
        if let cachedTenant { return cachedTenant }
        let version = tenantVersion
        let tenant = try await parts.tenants.tenant(of: profile)
        if version == tenantVersion { cachedTenant = tenant }
        return tenant
    }

    /// The client's secret or the profile's settings have changed.
    func forgetTenant() {
        cachedTenant = nil
        tenantVersion += 1
    }

    /// Takes over settings that do not change what the tokens are for.
    func update(_ profile: Profile) {
        // What somebody was allowed at another address is nobody's under this one.
        if (profile.username, profile.connection) != (self.profile.username, self.profile.connection) {
            factorAccesses = []
        }
        self.profile = profile
        forgetTenant()
        // `keep_unsaved` may have been changed with it.
        if isUnsaved { keepUnsavedRecord() }
        parts.deadlines.moved(of: self)
    }
}
