import DevTenant
import Foundation
import TestSupport

extension Options {
    /// A tenant that asks everybody who signs in for a second factor.
    static func demandingMFA(_ change: (inout MFA) -> Void = { _ in }) -> Options {
        var options = Options()
        options.mfa.policy = .always
        change(&options.mfa)
        return options
    }
}

/// Ada's phone and second mailbox.
enum Reachable {
    static let phone = "+15550100"
    static let mailbox = "ada@home.example"
}

/// An agent and a tenant at which Ada has these authenticators.
func withFactors(
    _ authenticators: [Authenticator], _ options: Options = .demandingMFA(), profile: [String: String?] = [:],
    _ body: @escaping @Sendable (RunningAgent) async throws -> Void
) async throws {
    try await withRunningAgent(options, profile: profile) { agent in
        await agent.tenant.setAuthenticators(authenticators, of: RunningAgent.person)
        try await body(agent)
    }
}

/// Ada's sign-in, for whose refresh the tenant wants a second factor.
enum Demand {
    static let factors = [Authenticator(.otp), Authenticator(.recoveryCode)]

    /// Answers the demand with a one-time password, and lets refreshes pass from now on.
    static func prove(_ login: Login, to agent: RunningAgent) async throws -> JSON {
        try await login.answer(["factor": .string(factors[0].id)])
        let end = try await login.answer(code: agent.totpCode)
        await agent.tenant.setMFAPolicy(.never)
        return end
    }
}

/// Ada, who has the factors of ``Demand``, is signed in without one, and from now on refreshes ask for one.
func withDemandAtRefresh(
    _ options: Options = Options(), profile: [String: String?] = [:],
    _ body: @escaping @Sendable (RunningAgent) async throws -> Void
) async throws {
    try await withFactors(Demand.factors, options, profile: profile) { agent in
        try await agent.signIn()
        await agent.tenant.setMFAPolicy(.refresh)
        try await body(agent)
    }
}

extension RunningAgent {
    /// The code that Ada's authenticator app shows now.
    nonisolated var totpCode: String {
        get async throws { try await tenant.totpCode(for: Self.person) }
    }

    /// The factors of Ada that count at the tenant.
    nonisolated func activeFactors() async -> Set<Authenticator.Kind> {
        Set(await tenant.authenticators(of: Self.person).filter(\.isActive).map(\.kind))
    }

    /// Types the one-time code with which a sign-in at a terminal begins.
    nonisolated func typeOneTimeCode(_ terminal: Terminal) async throws {
        try await terminal.shows(" left): ")
        try terminal.type(try await tenant.nextCode(for: Self.person) + "\n")
    }

    /// What the tenant was asked about second factors, polls included.
    nonisolated func requestsAboutFactors() async -> [RecordedRequest] {
        await tenant.requests().filter { request in
            switch request.endpoint {
            case .authenticators, .authenticator, .challenge, .associate: true
            case .token: [.mfaOTP, .mfaOOB, .mfaRecoveryCode].contains(request.grant)
            default: false
            }
        }
    }
}

/// The code that `oathtool`, which shares no line with this project, makes of a TOTP secret.
func oathtoolCode(_ secret: String) async throws -> String {
    let environment = ProcessInfo.processInfo.environment.filter { $0.key == "PATH" }
    let result = try await withDeadline {
        // From standard input, where no other program sees it.
        try await ChildProcess.run("oathtool", ["--totp", "-b", "-"], environment: environment, input: secret + "\n")
    }
    return result.output.trimmingCharacters(in: .newlines)
}

/// A code that is not `code`.
func wrong(_ code: String) -> String {
    String(code.map { $0 == "0" ? "1" : "0" })
}
