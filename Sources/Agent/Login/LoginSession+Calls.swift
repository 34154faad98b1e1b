import Auth0
import PosternProtocol

extension LoginSession {
    /// - Parameter peer: whose answer it is: what it completes serves them.
    func answer(_ answer: AnswerLogin, by peer: Peer) async throws(AgentError) -> LoginState {
        try await carryOut { session, step throws(AgentError) in try await session.answer(answer, by: peer, to: step) }
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
        let error = AgentError(.denied, "The sign-in was cancelled.") { data in
            data.profile = profile.name
            data.cause = "person"
        }
        await end(.failed(error))
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

    private func answer(
        _ answer: AnswerLogin, by peer: Peer, to step: PendingStep
    ) async throws(AgentError) -> LoginState {
        switch step {
        case .code, .codeProven:
            try await exchange(try typed(in: answer), at: step, by: peer)
        case .chooseFactor(let second), .challenge(let second, _), .recoveryCode(let second):
            try await self.answer(answer, by: peer, to: second, at: step)
        case .enroll(let second), .enrollConfirm(let second, _):
            try await self.answer(answer, by: peer, toEnrollment: second, at: step)
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

    func typed(in answer: AnswerLogin) throws(AgentError) -> String {
        guard let typed = answer.code else { throw wrongStep("The sign-in waits for a code.") }
        return typed
    }

    /// What was typed as the proof that a challenge waits for.
    func proof(in answer: AnswerLogin, of challenge: MFAChallenge) throws(AgentError) -> MFAProof {
        let typed = try typed(in: answer)
        switch challenge {
        case .otp: return .otp(try oneTimeCode(typed))
        case .message(let oob): return .message(code: try oneTimeCode(typed), oob: oob)
        case .push: throw wrongStep("The sign-in waits for an approval, not for a code.")
        }
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
