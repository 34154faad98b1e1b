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
        let notes: ItemNotes
        let signIns: ItemNotes
        let unsaved: UnsavedRecords
        let clock: any AgentClock
        let deadlines = Deadlines()
        let pace = RefreshPace()
        let retries = RetryBudget()
        let counters: Counters
        let events: EventHub
        let desktop: Desktop
        let notices = NoticeBoard()
        let log: Logger

        /// - Parameter environment: says where notes are kept.
        init(
            environment: [String: String], tenants: Tenants, keyring: any SecretStore, unsaved: UnsavedRecords,
            clock: any AgentClock, counters: Counters, events: EventHub, desktop: Desktop, log: Logger
        ) {
            self.tenants = tenants
            self.keyring = keyring
            notes = ItemNotes(.signedOut, environment: environment)
            signIns = ItemNotes(.signedIn, environment: environment)
            self.unsaved = unsaved
            self.clock = clock
            self.counters = counters
            self.events = events
            self.desktop = desktop
            self.log = log
        }
    }

    var served = Session.unknown(nil)
    /// It has the client's secret, so it does not stay in memory where nothing is to be refreshed: there a login keeps it, for as long as it lasts.
    private var keptTenant: Tenant?
    private weak var latestTenant: Tenant?
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

    /// Nobody is signed in, because the last sign-in ended with its session.
    var hasEnded = false

    /// The logins that a person is being asked in to sign in.
    var loginsUnderWay: Set<String> = []

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
    /// Of those who signed in to manage the person's factors, the newest last. In memory only (Account+Factors.swift).
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
    var unrevoked: [Credentials]
    /// The last of the requests that revoke refresh tokens.
    var revocation: Task<AgentError?, Never>?

    nonisolated var unownedExecutor: UnownedSerialExecutor { Reactor.shared.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - handedOver: sign-ins that the profile is known to have elsewhere.
    ///   - unrevoked: sign-ins that were replaced before, and could not be revoked.
    ///   - formerAnchors: what the profile was bound to before.
    init(
        profile: Profile, store: any SecretStore, parts: Parts, predecessor: Account? = nil,
        elders: [Account] = [], handedOver: [Credentials] = [], unrevoked: [Credentials] = [],
        formerAnchors: [TrustAnchors] = []
    ) {
        self.profile = profile
        self.store = store
        self.parts = parts
        self.predecessor = predecessor
        self.elders = elders
        self.handedOver = handedOver
        self.unrevoked = unrevoked
        self.formerAnchors = formerAnchors
    }

    var now: Date { parts.clock.now }

    var item: KeyringItem { Self.item(of: profile) }

    static func item(of profile: Profile) -> KeyringItem {
        KeyringItem(
            kind: .session, profile: profile.name, collection: profile.persist == .session ? .session : .default)
    }

    /// The profile's tenant; made once for a sign-in, and anew after ``forgetTenant()``.
    func tenant() async throws(AgentError) -> Tenant {
        if let latestTenant { return latestTenant }
        let version = tenantVersion
        let tenant = try await parts.tenants.tenant(of: profile)
        if version == tenantVersion {
            latestTenant = tenant
            keepTenantIfNeeded()
        }
        return tenant
    }

    /// To be called when there is something to be refreshed, and when there is nothing any more.
    func keepTenantIfNeeded() {
        keptTenant = served.credentials?.refreshToken == nil ? nil : latestTenant
    }

    /// The client's secret or the profile's settings have changed.
    func forgetTenant() {
        keptTenant = nil
        latestTenant = nil
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
