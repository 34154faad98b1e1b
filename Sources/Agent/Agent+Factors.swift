import Auth0
import Logging
import PosternProtocol

// The methods by which a signed-in person manages their factors. They need an access token of the MFA API, which a sign-in of its own brings.

extension Agent {
    func listFactors(_ request: ListFactors, _ peer: Peer) async throws(AgentError) -> ListFactors.Response {
        try await managing(request.profile, peer) { tenant, access throws(Auth0Error) in
            ListFactors.Factors(factors: try await tenant.api.authenticators(access.token).map(Factor.init))
        }
    }

    func removeFactor(_ request: RemoveFactor, _ peer: Peer) async throws(AgentError) -> RemoveFactor.Response {
        let answer = try await managing(request.profile, peer) { tenant, access throws(Auth0Error) in
            try await tenant.api.removeAuthenticator(request.id, access.token)
            return Empty()
        }
        if case .answer = answer {
            let profile = try await account(request.profile).profile.name
            let factor = TenantText.printable(request.id)
            events.publish(.factorRemoved, profile: profile) { $0.factor = factor }
            log.notice(
                "A factor was removed.",
                metadata: ["profile": "\(profile)", "factor": "\(factor)", "pid": .init(pid: peer.pid)])
        }
        return answer
    }

    func enrollFactor(_ request: EnrollFactor, _ peer: Peer) async throws(AgentError) -> LoginState {
        let account = try await account(request.profile)
        try await checkServing(account)
        var enrollment = AnswerLogin.Enrollment(type: request.type)
        enrollment.phoneNumber = request.phoneNumber
        enrollment.channel = request.channel
        enrollment.email = request.email
        // What is wrong with the request is said before anybody is asked to sign in for it.
        _ = try MFAEnrollment(enrollment, profile: await account.profile.name)
        _ = try await account.signedInPerson()
        guard let access = await account.factorAccess(of: peer) else {
            return try await logins.startManagement(account: account, by: peer)
        }
        do {
            return try await logins.enroll(enrollment, access, account: account, by: peer)
        } catch {
            guard error.code == .codeExpired else { throw error }
            await account.dropFactorAccess(of: peer)
            return try await logins.startManagement(account: account, by: peer)
        }
    }

    /// Calls the MFA API, or begins the sign-in that has to come first.
    private func managing<Answer: Codable & Equatable & Sendable>(
        _ profile: String?, _ peer: Peer,
        _ call: @Sendable (Tenant, Account.FactorAccess) async throws(Auth0Error) -> Answer
    ) async throws(AgentError) -> AnswerOrLogin<Answer> {
        let account = try await account(profile)
        try await checkServing(account)
        _ = try await account.signedInPerson()
        if let access = await account.factorAccess(of: peer) {
            let tenant = try await account.tenant()
            do {
                return .answer(try await call(tenant, access))
            } catch {
                guard error.kind == .mfaExpired else { throw AgentError(error, profile: await account.profile.name) }
                await account.dropFactorAccess(of: peer)
            }
        }
        return .login(try await logins.startManagement(account: account, by: peer))
    }
}
