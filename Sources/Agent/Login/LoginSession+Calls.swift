import Auth0
import PosternProtocol

extension LoginSession {
    func answer(_ answer: AnswerLogin) async throws(AgentError) -> LoginState {
        try await carryOut { session, step throws(AgentError) in try await session.answer(answer, to: step) }
    }

    /// Has another code or notification sent, which makes the last one worthless.
    func resend() async throws(AgentError) -> LoginState {
        try await carryOut { session, step throws(AgentError) in try await session.resend(at: step) }
    }

    func cancel() async throws(AgentError) {
        guard endedAt == nil else { throw over }
        if case .saving = stage {
            throw AgentError(.wrongStep, "It is too late to cancel: the sign-in is being saved.") { data in
                data.profile = profile.name
            }
        }
        await end(.failed(AgentError(.denied, "The sign-in was cancelled.") { data in data.profile = profile.name }))
    }

    /// Waits for an answer under way.
    func finish() async {
        await work?.value
        await stopPolling()
    }

    /// Takes the step and does the work in a task of its own: if its caller goes away, what the tenant has answered must still be taken.
    private func carryOut(
        _ call: @escaping @Sendable (isolated LoginSession, PendingStep) async throws(AgentError) -> LoginState
    ) async throws(AgentError) -> LoginState {
        let step = try take()
        let task = Task { () -> Result<LoginState, AgentError> in
            do throws(AgentError) {
                await stopPolling()
                // The person may have approved a notification just now.
                if case .ended(.signedIn, _) = stage { return .success(state) }
                guard case .working = stage else { throw over }
                return .success(try await call(self, step))
            } catch {
                return .failure(await settle(error))
            }
        }
        work = Task { _ = await task.value }
        return try await task.value.get()
    }

    private func answer(_ answer: AnswerLogin, to step: PendingStep) async throws(AgentError) -> LoginState {
        switch step {
        case .code, .codeProven:
            try await exchange(try code(in: answer), at: step)
        case .chooseFactor(let second), .challenge(let second, _), .recoveryCode(let second):
            try await self.answer(answer, to: second, at: step)
        case .enroll(let second), .enrollConfirm(let second, _):
            try await self.answer(answer, toEnrollment: second, at: step)
        }
    }

    private func resend(at step: PendingStep) async throws(AgentError) -> LoginState {
        switch step {
        case .code(let code):
            try await resendCode(code)
        case .challenge(let second, let challenge) where challenge.proof != .otp:
            try await resendMessage(of: challenge, second)
        case .enrollConfirm(let second, let enrolling) where enrolling.proof != .otp:
            try await resendMessage(of: enrolling, second)
        default:
            throw wrongStep("There is no code to send again.")
        }
    }

    func code(in answer: AnswerLogin) throws(AgentError) -> Secret {
        guard let typed = answer.code else { throw wrongStep("The sign-in waits for a code.") }
        return try code(typed)
    }

    /// What was typed, without the spaces and hyphens that messages print for reading and people copy.
    func code(_ typed: String) throws(AgentError) -> Secret {
        let code = typed.filter { !$0.isWhitespace && $0 != "-" }
        guard !code.isEmpty else {
            throw AgentError(.invalidParams, "The code is empty.") { data in data.profile = profile.name }
        }
        return Secret(code)
    }

    func checkResend(after date: UnixTime) throws(AgentError) {
        let wait = date - clock.now.unixTime
        guard wait > 0 else { return }
        throw AgentError(.rateLimited, "Another code can be sent in \(wait) seconds.") { data in
            data.profile = profile.name
            data.retryAfter = wait
        }
    }
}
