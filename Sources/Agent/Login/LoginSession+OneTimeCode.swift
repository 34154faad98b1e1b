import Auth0
import FoundationEssentials
import PosternProtocol

extension LoginSession {
    /// Has the first code sent.
    ///
    /// - Throws: why not; the login is over then.
    func begin(_ passwordless: Passwordless) async throws(AgentError) {
        do throws(Auth0Error) {
            // Both are fetched before a code is spent: the right tenant, and the keys that its ID token will be checked with.
            _ = try await tenant.api.discover()
            try await tenant.verifier.prepare()
        } catch {
            throw await endedBy(AgentError(error, profile: profile.name))
        }
        do throws(AgentError) {
            try await send(passwordless.message)
        } catch {
            throw await endedBy(error)
        }
        begin(at: .code(codeStep(passwordless.target)))
    }

    /// Exchanges the code for tokens, or for the question for a second factor.
    func exchange(_ typed: String, at step: PendingStep, by peer: Peer) async throws(AgentError) -> LoginState {
        if case .codeProven(_, let requirement) = step { return try await ask(requirement, by: peer) }
        guard case .code(let shown) = step, let passwordless else { throw wrongStep("The sign-in waits for no code.") }
        let code = try oneTimeCode(typed)
        let sentAt = clock.now
        let response: TokenResponse
        do {
            response = try await tenant.api.exchangeCode(
                code, username: passwordless.target.username, connection: passwordless.target.connection,
                scope: passwordless.scope, audience: passwordless.audience)
        } catch {
            if case .mfaRequired(let requirement) = error.kind {
                // The code is used up now. If the factors cannot be had, any answer asks for them again.
                fallBack(to: .codeProven(shown, requirement))
                return try await ask(requirement, by: peer)
            }
            if case .malformedTokens(let refreshToken?) = error.kind { await account.revoke(refreshToken) }
            throw AgentError(error, profile: profile.name)
        }
        return try await finish(response, sentAt: sentAt, by: peer)
    }

    func resendCode(_ code: LoginStep.Code) async throws(AgentError) -> LoginState {
        guard let passwordless else { throw wrongStep("There is no code to send again.") }
        try checkResend(after: code.resendAt)
        try await send(passwordless.message)
        guard case .working = stage else { throw over }
        move(to: .code(codeStep(passwordless.target)))
        return state
    }

    private func send(_ message: PasswordlessStart) async throws(AgentError) {
        try await sending(.plain) { tenant throws(Auth0Error) in try await tenant.api.startPasswordless(message) }
    }

    /// Has the tenant send something, if it is not too early for that.
    ///
    /// - Throws: 1007 before anything is asked for, or the tenant's refusal, after which it may be asked for again at once.
    func sending<Answer: Sendable>(
        _ message: CodeBudget.Message, _ call: (Tenant) async throws(Auth0Error) -> Answer
    ) async throws(AgentError) -> Answer {
        try parts.budget.spend(message, for: recipient, profile: profile.name)
        do {
            return try await call(tenant)
        } catch {
            // Also where a message may have gone out: the person has none to go on with, and the budget bounds how often that can be.
            parts.budget.takeBack(message, for: recipient)
            throw AgentError(error, profile: profile.name)
        }
    }

    private func codeStep(_ target: LoginTarget) -> LoginStep.Code {
        let now = clock.now.unixTime
        return LoginStep.Code(
            channel: target.connection, sentTo: target.masked, resendAt: now + Self.resendInterval,
            codeExpiresAt: now + Self.codeLifetime)
    }
}
