import Auth0
import FoundationEssentials
import Logging
import PosternProtocol

extension LoginSession {
    /// Takes the tokens that the tenant has given, for what the login is for.
    ///
    /// - Throws: why they cannot be used; the login is over then, because what they were given for is used up.
    func finish(_ response: TokenResponse, sentAt: Date) async throws(AgentError) -> LoginState {
        let receivedAt = clock.now
        do throws(AgentError) {
            if case .manageFactors(let sub) = purpose {
                return try await manageFactors(of: sub, response, sentAt: sentAt)
            }
            return try await signIn(response, sentAt: sentAt, receivedAt: receivedAt)
        } catch {
            // A refresh token that nobody will use must not stay valid.
            if let refreshToken = response.refreshToken { await account.revoke(refreshToken) }
            throw await endedBy(error)
        }
    }

    private func signIn(
        _ response: TokenResponse, sentAt: Date, receivedAt: Date
    ) async throws(AgentError) -> LoginState {
        let person = try await person(in: response)
        // Whoever cancelled, or waited too long, is not signed in after all.
        try beginSaving()
        let token = AccessToken(
            key: .standard, response, standardScope: profile.scope, sentAt: sentAt, receivedAt: receivedAt)
        try await account.signIn(
            Credentials(
                binding: Credentials.Binding(profile), account: person, signedInAt: sentAt.unixTime,
                refreshToken: response.refreshToken, idToken: response.idToken, token: token))
        parts.log.info("Signed in.", metadata: ["profile": "\(profile.name)"])
        return await signedIn(
            person, expiresAt: token.expiresAt, refreshable: response.refreshToken != nil,
            recoveryCode: response.recoveryCode)
    }

    /// Keeps the access to the person's factors, who has to be the one that is signed in. An enrolment was begun by that access already.
    private func manageFactors(
        of sub: String, _ response: TokenResponse, sentAt: Date
    ) async throws(AgentError) -> LoginState {
        let proven = passwordless == nil ? sub : try await person(in: response).sub
        let signedInPerson = try await account.signedInPerson()
        guard proven == sub, signedInPerson.sub == sub else {
            throw AgentError(.denied, "Somebody else signed in than profile \(profile.name) is signed in as.") { data in
                data.profile = profile.name
            }
        }
        guard isOpen else { throw over }
        let access = Account.FactorAccess(
            token: response.accessToken, sub: sub, expiresAt: sentAt.unixTime + response.expiresIn)
        await account.setFactorAccess(access)
        return await signedIn(
            signedInPerson, expiresAt: access.expiresAt, refreshable: false, recoveryCode: response.recoveryCode)
    }

    /// Ends the login well. The new recovery code stands in the answer to the call that has used the old one, and nowhere else.
    func signedIn(
        _ person: PosternProtocol.Account, expiresAt: UnixTime, refreshable: Bool, recoveryCode: Secret?
    ) async -> LoginState {
        var step = LoginStep.SignedIn(
            account: person.shown, expiresAt: clock.wallTime(of: Date(unixTime: expiresAt)), refreshable: refreshable)
        await end(.signedIn(step))
        step.recoveryCode = recoveryCode?.revealed
        return state(showing: .signedIn(step))
    }

    /// Who signed in, by the ID token or, if the tenant gave none, by its userinfo endpoint.
    private func person(in response: TokenResponse) async throws(AgentError) -> PosternProtocol.Account {
        guard let idToken = response.idToken else {
            do {
                return PosternProtocol.Account(try await tenant.api.userInfo(accessToken: response.accessToken))
            } catch {
                throw AgentError(error, profile: profile.name)
            }
        }
        do throws(IDTokenVerifier.Failure) {
            return PosternProtocol.Account(try await tenant.verifier.verify(idToken))
        } catch {
            switch error {
            case .invalid(let rule): throw .idTokenInvalid(rule, profile: profile.name)
            case .keysUnavailable(let error): throw AgentError(error, profile: profile.name)
            }
        }
    }
}

extension PosternProtocol.Account {
    fileprivate init(_ claims: IDTokenClaims) {
        self.init(
            sub: claims.sub ?? "", email: claims.email.map(TenantText.printable),
            phoneNumber: claims.phoneNumber.map(TenantText.printable), name: claims.name.map(TenantText.printable))
    }
}
