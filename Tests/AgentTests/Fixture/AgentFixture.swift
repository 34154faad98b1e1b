import AsyncHTTPClient
import Auth0
import DevTenant
import Foundation
import Logging
import NIOPosix
import PosternProtocol
import TestSupport

@testable import Agent

/// A whole agent in this process, with a tenant on loopback, a keyring in memory, and a clock that all three share.
struct AgentFixture: Sendable {
    let agent: Agent
    let tenant: DevTenant
    let clock: ManualClock
    let store: TestStore
    let files: TestFiles
    /// What this agent has logged.
    let log: LogRecorder
    private let client: HTTPClient

    /// - Parameters:
    ///   - isServing: whether the tenant can be reached while `body` runs; if not, `body` has it serve.
    ///   - settings: further lines of the group `[profile work]`.
    ///   - agentSettings: lines of the group `[agent]`.
    static func run(
        isServing: Bool = true, tenant edit: (inout Options) -> Void = { _ in }, _ settings: [String] = [],
        agentSettings: [String] = [], _ body: @escaping @Sendable (AgentFixture) async throws -> Void
    ) async throws {
        let clock = ManualClock()
        var options = Options()
        options.baseClock = { clock.now }
        options.signingKeys = try signingKeys.get()
        edit(&options)
        let tenant = try DevTenant(options)
        let files = try TestFiles()
        defer { files.remove() }
        let client = HTTPTransport.makeClient(on: MultiThreadedEventLoopGroup.singleton)
        @Sendable func use() async throws {
            try files.writeConfiguration(
                ["[agent]"] + agentSettings + ["[profile work]", "issuer = \(await tenant.issuer)"]
                    + ["client_id = \(tenant.options.clients[0].id)"] + settings)
            try await body(
                try await make(tenant: tenant, clock: clock, store: TestStore(), files: files, client: client))
        }
        let result = await Result {
            try await withDeadline {
                if isServing {
                    try await tenant.serving { try await use() }
                } else {
                    // It is told its port by serving once.
                    try await tenant.serving {}
                    try await use()
                }
            }
        }
        try await client.shutdown()
        try result.get()
    }

    private static func make(
        tenant: DevTenant, clock: ManualClock, store: TestStore, files: TestFiles, client: HTTPClient,
        unsaved: UnsavedRecords = UnsavedRecords()
    ) async throws -> AgentFixture {
        let log = LogRecorder()
        let agent = Agent(
            environment: files.environment, keyring: store, unsaved: unsaved, client: client, clock: clock,
            log: log.logger)
        try await agent.applyConfiguration()
        return AgentFixture(
            agent: agent, tenant: tenant, clock: clock, store: store, files: files, log: log, client: client)
    }

    /// Another agent with the same files, keyring and tenant, as after a restart.
    ///
    /// - Parameter unsaved: what the service manager gives to the new one.
    func restarted(unsaved: UnsavedRecords = UnsavedRecords()) async throws -> AgentFixture {
        try await Self.make(
            tenant: tenant, clock: clock, store: store, files: files, client: client, unsaved: unsaved)
    }

    /// Made once for all tenants of the process.
    private static let signingKeys = Result { try SigningKeys(now: ManualClock().now) }

    /// Another agent that has not read its configuration.
    ///
    /// - Parameter environment: variables beside those of the files.
    func unconfigured(
        unsaved: UnsavedRecords = UnsavedRecords(), environment: [String: String] = [:]
    ) -> Agent {
        Agent(
            environment: files.environment.merging(environment) { $1 }, keyring: store, unsaved: unsaved,
            client: client, clock: clock,
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Adds lines to the configuration file's last group and puts the file in force.
    func reconfigure(adding lines: [String]) async throws {
        let text = try String(contentsOfFile: files.configurationPath, encoding: .utf8)
        try files.writeConfiguration([text] + lines)
        try await agent.applyConfiguration()
    }

    static let person = "ada@example.com"

    var status: ProfileStatus {
        get async throws { try await account.status(keyring: await store.state(mayStart: false)) }
    }

    /// The refreshes that reached the tenant.
    var refreshes: [RecordedRequest] {
        get async { await tenant.requests(to: .token, grant: .refreshToken) }
    }

    func refreshArrived(_ count: Int) async throws {
        try await tenant.requestArrived(at: .token, grant: .refreshToken, count: count)
    }

    func order(_ fault: Fault, times: Int = 1) async {
        await tenant.order(fault, at: .token, grant: .refreshToken, times: times)
    }

    /// Ends the person's refresh tokens, as an administrator would: the next refresh is refused.
    func killRefreshToken() async {
        await tenant.revokeRefreshTokens(of: Self.person)
    }

    func token(_ request: GetToken = GetToken()) async throws(AgentError) -> GetToken.Response {
        try await agent.token(request)
    }

    /// What a `token.get` fails with; nil if it does not.
    func tokenError(_ request: GetToken = GetToken()) async -> AgentError? {
        await failure { () async throws(AgentError) in _ = try await token(request) }
    }

    func startLogin(_ request: StartLogin = .with()) async throws(AgentError) -> LoginState {
        try await agent.startLogin(request)
    }

    /// What a `login.start` fails with; nil if it does not.
    func startError(_ request: StartLogin = .with()) async -> AgentError? {
        await failure { () async throws(AgentError) in _ = try await startLogin(request) }
    }

    func answer(_ login: LoginState, code: String) async throws(AgentError) -> LoginState {
        var request = AnswerLogin(loginID: login.loginID)
        request.code = code
        return try await agent.answerLogin(request)
    }

    /// What a `login.answer` fails with; nil if it does not.
    func answerError(_ login: LoginState, code: String) async -> AgentError? {
        await failure { () async throws(AgentError) in _ = try await answer(login, code: code) }
    }

    /// How a login stands now.
    func state(of login: LoginState) async throws(AgentError) -> LoginState {
        try await agent.waitForLogin(WaitForLogin(loginID: login.loginID))
    }

    func resend(_ login: LoginState) async throws(AgentError) -> LoginState {
        try await agent.resendCode(ResendCode(loginID: login.loginID))
    }

    func cancel(_ login: LoginState) async throws(AgentError) {
        _ = try await agent.cancelLogin(CancelLogin(loginID: login.loginID))
    }

    @discardableResult
    func signIn() async throws -> LoginState {
        let login = try await startLogin()
        return try await answer(login, code: try await tenant.nextCode(for: Self.person))
    }

    /// Lets the access token expire.
    func expireToken() async throws {
        clock.advance(by: Double(tenant.options.accessTokenLifetime) + 1)
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}

/// What `body` fails with; nil if it does not.
func failure(_ body: () async throws(AgentError) -> Void) async -> AgentError? {
    do {
        try await body()
        return nil
    } catch {
        return error
    }
}

extension GetToken {
    static func with(
        audience: String? = nil, scope: String? = nil, minTTL: Int? = nil, wait: Int? = nil, rejected: String? = nil,
        force: Bool? = nil, joinLogin: Bool? = nil
    ) -> GetToken {
        var request = GetToken()
        request.audience = audience
        request.scope = scope
        request.minTTL = minTTL
        request.wait = wait
        request.rejected = rejected
        request.force = force
        request.joinLogin = joinLogin
        return request
    }
}

extension StartLogin {
    static func with(
        username: String? = AgentFixture.person, connection: String? = nil, send: String? = nil,
        language: String? = nil, clientIP: String? = nil, restart: Bool? = nil
    ) -> StartLogin {
        var request = StartLogin()
        request.username = username
        request.connection = connection
        request.send = send
        request.language = language
        request.clientIP = clientIP
        request.restart = restart
        return request
    }
}

/// A directory of a test's own, laid out by the XDG variables.
struct TestFiles: Sendable {
    let root: String

    init() throws {
        root = FileManager.default.temporaryDirectory.path() + "/postern-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: configuration, withIntermediateDirectories: true)
    }

    var environment: [String: String] {
        ["HOME": root, "XDG_CONFIG_HOME": root + "/config", "XDG_STATE_HOME": root + "/state"]
    }

    private var configuration: String { root + "/config/postern" }

    var configurationPath: String { configuration + "/postern.conf" }

    func writeConfiguration(_ lines: [String]) throws {
        try lines.joined(separator: "\n").write(toFile: configurationPath, atomically: true, encoding: .utf8)
    }

    func remove() {
        // It stays for the system to clean up if it cannot be removed.
        try? FileManager.default.removeItem(atPath: root)
    }
}
