import Auth0
import PosternProtocol

// The methods by which a signed-in person manages their factors. They need an access token of the MFA API, which a sign-in of its own brings.

extension Agent {
    func listFactors(_ request: ListFactors) async throws(AgentError) -> ListFactors.Response {
        try await managing(request.profile) { tenant, access throws(Auth0Error) in
            ListFactors.Factors(factors: try await tenant.api.authenticators(access.token).map(Factor.init))
        }
    }

    func removeFactor(_ request: RemoveFactor) async throws(AgentError) -> RemoveFactor.Response {
        try await managing(request.profile) { tenant, access throws(Auth0Error) in
            try await tenant.api.removeAuthenticator(request.id, access.token)
            return Empty()
        }
    }

    func enrollFactor(_ request: EnrollFactor) async throws(AgentError) -> LoginState {
        let account = try await account(request.profile)
        var enrollment = AnswerLogin.Enrollment(type: request.type)
        enrollment.phoneNumber = request.phoneNumber
        enrollment.channel = request.channel
        enrollment.email = request.email
        // What is wrong with the request is said before anybody is asked to sign in for it.
        _ = try MFAEnrollment(enrollment, profile: await account.profile.name)
        _ = try await account.signedInPerson()
        guard let access = await account.currentFactorAccess else {
            return try await logins.startManagement(account: account)
        }
        do {
            return try await logins.enroll(enrollment, access, account: account)
        } catch {
            guard error.code == .codeExpired else { throw error }
            await account.setFactorAccess(nil)
            return try await logins.startManagement(account: account)
        }
    }

    /// Calls the MFA API, or begins the sign-in that has to come first.
    private func managing<Answer: Codable & Equatable & Sendable>(
        _ profile: String?, _ call: @Sendable (Tenant, Account.FactorAccess) async throws(Auth0Error) -> Answer
    ) async throws(AgentError) -> AnswerOrLogin<Answer> {
        let account = try await account(profile)
        _ = try await account.signedInPerson()
        if let access = await account.currentFactorAccess {
            let tenant = try await account.tenant()
            do {
                return .answer(try await call(tenant, access))
            } catch {
                guard error.kind == .mfaExpired else { throw AgentError(error, profile: await account.profile.name) }
                await account.setFactorAccess(nil)
            }
        }
        return .login(try await logins.startManagement(account: account))
    }
}
