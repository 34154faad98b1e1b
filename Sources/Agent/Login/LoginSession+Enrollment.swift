import Auth0
import PosternProtocol

extension LoginSession {
    /// Begins with the enrolment of one factor, for a person who may manage their factors.
    ///
    /// - Throws: why it cannot be set up; the login is over then.
    func begin(
        enrolling request: AnswerLogin.Enrollment, _ access: Account.FactorAccess, by peer: Peer
    ) async throws(AgentError) -> LoginState {
        let second = SecondFactor(token: access.token, authenticators: [], enrollable: [])
        do throws(AgentError) {
            let (enrolling, association) = try await associate(request, second, by: peer)
            begin(at: .enrollConfirm(second, enrolling))
            return state(revealing: association, of: enrolling, second)
        } catch {
            throw await endedBy(error)
        }
    }

    /// The factor to set up, or the code that confirms it.
    func answer(
        _ answer: AnswerLogin, by peer: Peer, toEnrollment second: SecondFactor, at step: PendingStep
    ) async throws(AgentError) -> LoginState {
        if let request = answer.enroll, !second.enrollable.isEmpty {
            guard second.enrollable.contains(request.type) else {
                throw AgentError(.invalidParams, "That factor cannot be set up here.") { data in
                    data.profile = profile.name
                    data.hint = "It can be one of: \(second.enrollable.joined(separator: ", "))."
                }
            }
            return try await enroll(request, second, by: peer)
        }
        guard case .enrollConfirm(_, let enrolling) = step else {
            throw wrongStep("A factor is to be set up first.")
        }
        return try await prove(try proof(in: answer, of: enrolling.proof), second, by: peer)
    }

    /// The tenant sends a message again by setting up the same factor anew.
    func resendMessage(
        of enrolling: PendingStep.Enrolling, _ second: SecondFactor
    ) async throws(AgentError) -> LoginState {
        try checkResend(after: enrolling.resendAt)
        return try await enroll(enrolling.request, second, by: enrolling.peer)
    }

    private func enroll(
        _ request: AnswerLogin.Enrollment, _ second: SecondFactor, by peer: Peer
    ) async throws(AgentError) -> LoginState {
        let (enrolling, association) = try await associate(request, second, by: peer)
        guard case .working = stage else { throw over }
        move(to: .enrollConfirm(second, enrolling))
        return state(revealing: association, of: enrolling, second)
    }

    private func associate(
        _ request: AnswerLogin.Enrollment, _ second: SecondFactor, by peer: Peer
    ) async throws(AgentError) -> (PendingStep.Enrolling, MFAAssociation) {
        let enrollment = try MFAEnrollment(request, profile: profile.name)
        let association: MFAAssociation
        do throws(AgentError) {
            association = try await sending(message(settingUp: enrollment)) { tenant throws(Auth0Error) in
                try await tenant.api.associate(enrollment, second.token)
            }
        } catch {
            var refusal = error
            // The tenant's refusal of an address names the parameter of a sign-in.
            if refusal.data.missing == ["username"] {
                refusal.data.missing = [enrollment.channel == "email" ? "email" : "phone_number"]
            }
            throw refusal
        }
        return (
            PendingStep.Enrolling(
                request: request, enrollment: enrollment, proof: association.challenge, peer: peer,
                resendAt: clock.now.unixTime + Self.resendInterval), association
        )
    }

    /// An app is sent nothing when it is set up; each address is a factor of its own.
    private func message(settingUp enrollment: MFAEnrollment) -> CodeBudget.Message {
        guard let channel = enrollment.channel, let address = enrollment.address else { return .plain }
        return .challenge(factor: "\(channel) \(SignInAddress(address).normalized)", login: id)
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
