import Auth0
import PosternProtocol

extension LoginSession {
    /// Begins with the enrolment of one factor, for a person who may manage their factors.
    ///
    /// - Throws: why it cannot be set up; the login is over then.
    func begin(
        enrolling request: AnswerLogin.Enrollment, _ access: Account.FactorAccess
    ) async throws(AgentError) -> LoginState {
        let second = SecondFactor(token: access.token, authenticators: [], enrollable: [])
        do throws(AgentError) {
            let (enrolling, association) = try await associate(request, second)
            begin(at: .enrollConfirm(second, enrolling))
            return state(revealing: association, of: enrolling, second)
        } catch {
            throw await endedBy(error)
        }
    }

    /// The factor to set up, or the code that confirms it.
    func answer(
        _ answer: AnswerLogin, toEnrollment second: SecondFactor, at step: PendingStep
    ) async throws(AgentError) -> LoginState {
        if let request = answer.enroll, !second.enrollable.isEmpty {
            guard second.enrollable.contains(request.type) else {
                throw AgentError(.invalidParams, "That factor cannot be set up here.") { data in
                    data.profile = profile.name
                    data.hint = "It can be one of: \(second.enrollable.joined(separator: ", "))."
                }
            }
            return try await enroll(request, second)
        }
        guard case .enrollConfirm(_, let enrolling) = step else {
            throw wrongStep("A factor is to be set up first.")
        }
        guard let proof = enrolling.proof.proof(try code(in: answer)) else {
            throw wrongStep("The sign-in waits for an approval, not for a code.")
        }
        return try await prove(proof, second)
    }

    /// The tenant sends a message again by setting up the same factor anew.
    func resendMessage(
        of enrolling: PendingStep.Enrolling, _ second: SecondFactor
    ) async throws(AgentError) -> LoginState {
        try checkResend(after: enrolling.resendAt)
        return try await enroll(enrolling.request, second)
    }

    private func enroll(
        _ request: AnswerLogin.Enrollment, _ second: SecondFactor
    ) async throws(AgentError) -> LoginState {
        let (enrolling, association) = try await associate(request, second)
        guard case .working = stage else { throw over }
        move(to: .enrollConfirm(second, enrolling))
        return state(revealing: association, of: enrolling, second)
    }

    private func associate(
        _ request: AnswerLogin.Enrollment, _ second: SecondFactor
    ) async throws(AgentError) -> (PendingStep.Enrolling, MFAAssociation) {
        let enrollment = try MFAEnrollment(request, profile: profile.name)
        let association: MFAAssociation
        do {
            association = try await tenant.api.associate(enrollment, second.token)
        } catch {
            var refusal = AgentError(error, profile: profile.name)
            if error.kind == .invalidAddress {
                refusal.data.missing = [enrollment.channel == "email" ? "email" : "phone_number"]
            }
            throw refusal
        }
        return (
            PendingStep.Enrolling(
                request: request, enrollment: enrollment, proof: association.challenge,
                resendAt: clock.now.unixTime + Self.resendInterval), association
        )
    }

    /// With what is shown this once: the key, the picture's text, the recovery codes.
    private func state(
        revealing association: MFAAssociation, of enrolling: PendingStep.Enrolling, _ second: SecondFactor
    ) -> LoginState {
        var shown = enrolling.shown(types: second.enrollable, by: clock)
        shown.secret = association.secret?.revealed
        shown.uri = association.barcodeURI?.revealed
        shown.recoveryCodes = association.recoveryCodes.isEmpty ? nil : association.recoveryCodes.map(\.revealed)
        return state(showing: .enrollConfirm(shown))
    }
}
