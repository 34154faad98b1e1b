import Auth0
import FoundationEssentials
import PosternProtocol
import OutsideInput

extension LoginSession {
    /// Begins with the second factor that a refresh asks for. Nothing is sent before somebody chooses one.
    ///
    /// - Throws: why the factors cannot be had; the login is over then.
    func begin(_ demand: Account.Demand) async throws(AgentError) {
        do throws(AgentError) {
            let second = try await secondFactor(demand.requirement)
            begin(at: second.authenticators.isEmpty ? .enroll(second) : .chooseFactor(second))
        } catch {
            throw await endedBy(error)
        }
    }

    /// Asks for the factor that the tenant wants. Where a person has but one, there is nothing to choose.
    func ask(_ requirement: MFARequirement, by peer: Peer) async throws(AgentError) -> LoginState {
        let second = try await secondFactor(requirement)
        guard case .working = stage else { throw over }
        guard !second.authenticators.isEmpty else {
            move(to: .enroll(second))
            return state
        }
        if let only = second.only {
            do throws(AgentError) {
                return try await choose(only, second, by: peer)
            } catch {
                // It stands alone in the list: choosing it there tells why it cannot be had.
                guard case .working = stage else { throw error }
            }
        }
        move(to: .chooseFactor(second))
        return state
    }

    /// The factors that may be proven, or set up if there are none (auth0-docs: "Authenticate with ROPG flow and MFA").
    private func secondFactor(_ requirement: MFARequirement) async throws(AgentError) -> SecondFactor {
        let mustEnroll = requirement.enroll?.isEmpty == false && (requirement.challenge ?? []).isEmpty
        var authenticators: [Authenticator] = []
        if !mustEnroll {
            do {
                authenticators = try await tenant.api.authenticators(requirement.token).filter(requirement.allows)
            } catch {
                throw AgentError(error, profile: profile.name)
            }
        }
        guard authenticators.isEmpty else {
            return SecondFactor(token: requirement.token, authenticators: authenticators, enrollable: [])
        }
        if let wanted = requirement.challenge, !wanted.isEmpty {
            // Something is enrolled, so nothing can be set up by an mfa_token.
            throw AgentError(.denied, "The tenant wants a factor that cannot be proven here.") { data in
                data.profile = profile.name
                data.cause = "tenant"
                data.hint = "It takes one of: \(wanted.map(TenantText.printable).joined(separator: ", "))."
            }
        }
        let offered = requirement.enroll.map { offered in SecondFactor.allTypes.filter { offered.contains($0.rawValue) }
        }
        let types = offered.flatMap { $0.isEmpty ? nil : $0 } ?? SecondFactor.allTypes
        return SecondFactor(token: requirement.token, authenticators: [], enrollable: types.map(\.rawValue))
    }

    /// A factor chosen, a factor's code, or a recovery code: the last two are taken wherever a factor is asked for.
    func answer(
        _ answer: AnswerLogin, by peer: Peer, to second: SecondFactor, at step: PendingStep
    ) async throws(AgentError) -> LoginState {
        if let id = answer.factor {
            guard let authenticator = second.authenticators.first(where: { $0.id.isSame(as: id) }) else {
                throw AgentError(.invalidParams, "There is no factor \"\(TenantText.printable(id))\" to choose.") {
                    data in
                    data.profile = profile.name
                    data.hint = "The step's factors are those to choose from."
                }
            }
            return try await choose(authenticator, second, by: peer)
        }
        if let code = answer.recoveryCode {
            return try await prove(.recoveryCode(try recoveryCode(code)), second, by: peer)
        }
        guard answer.enroll == nil else { throw wrongStep("The sign-in does not wait for an enrolment.") }
        switch step {
        case .challenge(_, let challenge):
            return try await prove(try proof(in: answer, of: challenge.proof), second, by: peer)
        case .recoveryCode:
            return try await prove(.recoveryCode(try recoveryCode(try typed(in: answer))), second, by: peer)
        default:
            throw wrongStep("A factor is to be chosen first.")
        }
    }

    /// Has the factor challenged, which sends its message if it has one.
    ///
    /// - Parameter peer: who chose it, whom the approval of a push serves.
    private func choose(
        _ authenticator: Authenticator, _ second: SecondFactor, by peer: Peer
    ) async throws(AgentError) -> LoginState {
        switch authenticator.kind {
        case .recoveryCode:
            move(to: .recoveryCode(second))
        case .otp:
            // A one-time password needs no challenge (auth0-docs: "Enroll and challenge OTP authenticators").
            move(to: .challenge(second, .init(authenticator: authenticator, proof: .otp, peer: peer, resendAt: 0)))
        case .sms, .voice, .email, .push:
            let message = CodeBudget.Message.challenge(factor: authenticator.id, login: id)
            let proof = try await sending(message) { tenant throws(Auth0Error) in
                try await tenant.api.challenge(authenticator, mfaToken: second.token)
            }
            guard case .working = stage else { throw over }
            let resendAt = clock.now.unixTime + Self.resendInterval
            move(
                to: .challenge(
                    second, .init(authenticator: authenticator, proof: proof, peer: peer, resendAt: resendAt)))
        }
        return state
    }

    func resendMessage(
        of challenge: PendingStep.Challenge, _ second: SecondFactor
    ) async throws(AgentError) -> LoginState {
        try checkResend(after: challenge.resendAt)
        return try await choose(challenge.authenticator, second, by: challenge.peer)
    }

    func prove(_ proof: MFAProof, _ second: SecondFactor, by peer: Peer) async throws(AgentError) -> LoginState {
        do {
            return try await outcome(of: proof, second.token, by: peer)
        } catch {
            switch error {
            case .tenant(let error): throw AgentError(error, profile: profile.name)
            case .agent(let error): throw error
            }
        }
    }

    /// Has the tenant check a proof, and ends the login with the tokens that it brings.
    func outcome(
        of proof: MFAProof, _ mfaToken: Secret, by peer: Peer
    ) async throws(Account.ProofFailure) -> LoginState {
        let enrolling = enrolling
        if case .refresh(let demand) = purpose {
            let proven = try await account.prove(proof, for: demand)
            if let enrolling { added(enrolling, by: peer) }
            return await signedIn(
                proven.person, expiresAt: proven.token.expiresAt, refreshable: true, recoveryCode: proven.recoveryCode)
        }
        let sentAt = clock.now
        let response: TokenResponse
        do {
            response = try await tenant.api.prove(proof, mfaToken: mfaToken)
        } catch {
            if case .malformedTokens(let refreshToken?) = error.kind { await account.revoke(refreshToken) }
            throw .tenant(error)
        }
        // Whatever becomes of the tokens, the tenant has it.
        if let enrolling { added(enrolling, by: peer) }
        do {
            return try await finish(response, sentAt: sentAt, by: peer)
        } catch {
            throw .agent(error)
        }
    }
}
