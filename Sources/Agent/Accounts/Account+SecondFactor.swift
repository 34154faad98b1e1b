import Auth0
import FoundationEssentials
import PosternProtocol

extension Account {
    /// A second factor that the tenant wants before it refreshes. The refresh token stays as it is until the factor is proven.
    struct Demand: Identifiable, Sendable {
        /// By it a login knows the demand, so that the `mfa_token` is kept here alone and is gone with it.
        let id = UUID()
        let requirement: MFARequirement
        /// What the refresh asked for, which is what the proof brings.
        let key: TokenKey
        let receivedAt: Date
        /// A login answers it, and lets go of it when it ends.
        var isClaimed = false
    }

    /// What a proof has brought.
    struct Proven: Sendable {
        let token: AccessToken
        let person: PosternProtocol.Account
        /// Replaces the one that was used.
        let recoveryCode: Secret?
    }

    /// A proof on its way. Until its answer is taken nothing else may send the refresh token.
    struct Proving {
        let demand: Demand.ID
        let task: Task<Result<Proven, ProofFailure>, Never>
    }

    /// Seconds for which a demand is kept that nobody answers: the shorter of the lifetimes that are told of an `mfa_token`.
    static let demandLifetime = 300

    /// Why a proof brought no token.
    enum ProofFailure: Error {
        case tenant(Auth0Error)
        case agent(AgentError)
    }

    /// While a second factor can be answered no refresh is sent: the tenant would only ask for another one.
    var secondFactorRequired: AgentError? {
        guard let demand, demand.isClaimed || now < demand.receivedAt + .seconds(Self.demandLifetime) else {
            return nil
        }
        return .secondFactorRequired(profile: profile.name)
    }

    func ask(_ requirement: MFARequirement, for key: TokenKey) -> AgentError {
        needsSecondFactor = true
        demand = Demand(requirement: requirement, key: key, receivedAt: now)
        parts.events.publish(.mfaRequired, profile: profile.name)
        parts.deadlines.moved(of: self)
        return .secondFactorRequired(profile: profile.name)
    }

    /// The tenant refreshes again, or the refresh token is gone: no factor is asked for any more.
    func forgetSecondFactor() {
        needsSecondFactor = false
        demand = nil
    }

    /// The demand, for the login that will answer it; nil if there is none, or another login has it.
    func claimDemand() -> Demand? {
        guard secondFactorRequired != nil, demand?.isClaimed == false else { return nil }
        demand?.isClaimed = true
        return demand
    }

    /// Forgets a demand whose login has ended without a proof. The next refresh brings another.
    func drop(_ id: Demand.ID) {
        guard demand?.id == id else { return }
        demand = nil
        // What a proof under way means for the refresh token is not known before its answer.
        if proving == nil { withdrawIntent() }
        parts.deadlines.moved(of: self)
    }

    /// Whether the answer to this demand is still wanted, or on its way.
    func awaits(_ id: Demand.ID) -> Bool {
        !isStopping && (demand?.id == id || proving?.demand == id)
    }

    /// When an unanswered demand is to be forgotten; it is if that time has come.
    func forgetOldDemand() -> Date? {
        guard let demand, !demand.isClaimed else { return nil }
        guard secondFactorRequired == nil else { return demand.receivedAt + .seconds(Self.demandLifetime) }
        self.demand = nil
        return nil
    }

    /// Proves the second factor of a refresh. What it brings is handled as a refresh's answer: saved, and then served.
    ///
    /// It is carried out to its end whatever becomes of its login, because the tenant may rotate the refresh token for it.
    func prove(_ proof: MFAProof, for id: Demand.ID) async throws(ProofFailure) -> Proven {
        guard !isStopping, let demand, demand.id == id else {
            throw .agent(.loginNotFound(profile: profile.name))
        }
        let task = Task { [epoch] in await carryOut(proof, demand, epoch: epoch) }
        proving = Proving(demand: id, task: task)
        return try await task.value.get()
    }

    private func carryOut(_ proof: MFAProof, _ demand: Demand, epoch: Int) async -> Result<Proven, ProofFailure> {
        let result: Result<Proven, ProofFailure>
        do {
            result = .success(try await exchange(proof, demand, epoch: epoch))
        } catch {
            result = .failure(error)
        }
        guard epoch == self.epoch else { return result }
        proving = nil
        // Its login may have ended meanwhile, and others may have asked for a token.
        if self.demand == nil { withdrawIntent() }
        if !waiters.isEmpty { refreshNow() }
        parts.deadlines.moved(of: self)
        return result
    }

    private func exchange(_ proof: MFAProof, _ demand: Demand, epoch: Int) async throws(ProofFailure) -> Proven {
        let over = ProofFailure.agent(.loginNotFound(profile: profile.name))
        let tenant: Tenant
        do {
            tenant = try await self.tenant()
        } catch {
            throw .agent(error)
        }
        guard epoch == self.epoch else { throw over }
        if let failure = await saveIntent(epoch: epoch) { throw .agent(AgentError(failure, profile: profile.name)) }
        guard epoch == self.epoch, !isStopping, self.demand?.id == demand.id else { throw over }
        guard !isAsleep else {
            throw .agent(
                AgentError(.timeout, "The machine goes to sleep: nothing was sent.") { $0.profile = profile.name })
        }
        let sentAt = now
        let response: TokenResponse
        do {
            response = try await tenant.api.prove(proof, mfaToken: demand.requirement.token)
        } catch {
            guard epoch == self.epoch else {
                if case .malformedTokens(let rotated?) = error.kind { revoke(rotated) }
                throw over
            }
            guard error.decidesRefreshToken else { throw .tenant(error) }
            guard case .failed(let meaning) = await take(error, key: demand.key, sentAt: sentAt) else {
                throw .tenant(error)
            }
            fail(meaning, demand.key)
            throw .agent(meaning)
        }
        guard epoch == self.epoch else {
            // Signed out, or in again: nobody wants it any more, but it is valid.
            if let rotated = response.refreshToken { revoke(rotated) }
            throw over
        }
        let outcome = await take(response, for: demand.key, sentAt: sentAt, tenant: tenant, epoch: epoch)
        guard epoch == self.epoch else { throw over }
        if case .failed(let error) = outcome {
            fail(error, demand.key)
            throw .agent(error)
        }
        succeed(demand.key)
        guard let credentials = served.credentials, let token = token(of: demand.key) else {
            throw .agent(AgentError(.internalError, "The token of the sign-in is missing."))
        }
        return Proven(token: token, person: credentials.account, recoveryCode: response.recoveryCode)
    }
}

extension Auth0Error {
    /// Whether it says something about the refresh token behind a proof, and not about the proof alone.
    fileprivate var decidesRefreshToken: Bool {
        switch kind {
        case .refreshTokenRefused, .malformedTokens: true
        default: leavesDoubt
        }
    }
}

extension AgentError {
    /// 1011 without `data.login`, which whoever makes the login adds.
    static func secondFactorRequired(profile: String) -> AgentError {
        AgentError(
            .mfaRequired, "The tenant asks for a second factor before it renews the tokens of profile \(profile)."
        ) {
            data in
            data.profile = profile
            data.hint = "Answer it by 'postern login \(profile)'."
        }
    }

    static func loginNotFound(profile: String) -> AgentError {
        AgentError(.loginNotFound, "The sign-in is over.") { data in
            data.profile = profile
            data.hint = "Begin again by 'postern login \(profile)'."
        }
    }
}
