import Auth0
import FoundationEssentials
import Logging
import PosternProtocol
import OutsideInput

extension LoginSession {
    /// Takes the tokens that the tenant has given, for what the login is for.
    ///
    /// - Throws: why they cannot be used; the login is over then, because what they were given for is used up.
    func finish(_ response: TokenResponse, sentAt: Date, by peer: Peer) async throws(AgentError) -> LoginState {
        let receivedAt = clock.now
        do throws(AgentError) {
            switch purpose {
            case .manageFactors(let sub, _): return try await manageFactors(of: sub, response, sentAt: sentAt, by: peer)
            case .enroll(let access): return try await conclude(response, by: access)
            case .signIn, .refresh:
                return try await signIn(response, sentAt: sentAt, receivedAt: receivedAt, by: peer)
            }
        } catch {
            // A refresh token that nobody will use must not stay valid.
            if let refreshToken = response.refreshToken { await account.revoke(refreshToken) }
            throw await endedBy(error)
        }
    }

    private func signIn(
        _ response: TokenResponse, sentAt: Date, receivedAt: Date, by peer: Peer
    ) async throws(AgentError) -> LoginState {
        let person = try await person(in: response)
        if let target = passwordless?.target { try await account.checkAddress(target) }
        try await account.checkPerson(person.sub)
        // The person who began it may be gone, and somebody else in their place.
        if await hasSessionEnded { throw over }
        // Whoever cancelled, or waited too long, is not signed in after all.
        try beginSaving()
        let token = AccessToken(
            key: .standard, response, standardScope: profile.scope, sentAt: sentAt, receivedAt: receivedAt)
        try await account.signIn(
            Credentials(
                binding: Credentials.Binding(profile), account: person, signedInAt: sentAt.unixTime,
                refreshToken: response.refreshToken, idToken: response.idToken, token: token,
                session: profile.persist == .session ? await sessionOfSignIn : nil))
        parts.log.notice("Signed in.", metadata: metadata(of: peer))
        return await signedIn(
            person, expiresAt: token.expiresAt, refreshable: response.refreshToken != nil,
            recoveryCode: response.recoveryCode)
    }

    /// Keeps the access to the person's factors, who has to be the one that is signed in, for whoever completed the sign-in.
    private func manageFactors(
        of sub: String, _ response: TokenResponse, sentAt: Date, by peer: Peer
    ) async throws(AgentError) -> LoginState {
        let proven = try await person(in: response)
        let signedInPerson = try await account.signedInPerson()
        guard proven.sub.isSame(as: sub), signedInPerson.sub.isSame(as: sub) else {
            throw .otherPerson(profile: profile.name)
        }
        guard isOpen else { throw over }
        let access = Account.FactorAccess(
            token: response.accessToken, sub: sub, peer: peer, recipient: recipient,
            expiresAt: sentAt.unixTime + min(response.expiresIn, Account.FactorAccess.longestLifetime))
        await account.addFactorAccess(access)
        parts.log.notice("Signed in to manage factors.", metadata: metadata(of: peer))
        let state = await signedIn(
            signedInPerson, expiresAt: access.expiresAt, refreshable: false, recoveryCode: response.recoveryCode)
        await revokeUnwanted(response)
        return state
    }

    /// A factor has been set up by an access, which that neither renews nor prolongs: who chose the factor has proven nothing else by it.
    private func conclude(
        _ response: TokenResponse, by access: Account.FactorAccess
    ) async throws(AgentError) -> LoginState {
        let person = try await account.signedInPerson()
        guard person.sub.isSame(as: access.sub) else { throw .otherPerson(profile: profile.name) }
        guard isOpen else { throw over }
        let state = await signedIn(
            person, expiresAt: access.expiresAt, refreshable: false, recoveryCode: response.recoveryCode)
        await revokeUnwanted(response)
        return state
    }

    /// The management of factors asks for no refresh token; one that the tenant gives all the same would stay valid, and nobody's.
    private func revokeUnwanted(_ response: TokenResponse) async {
        if let refreshToken = response.refreshToken { await account.revoke(refreshToken) }
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
    /// The person of claims that were verified.
    init(_ claims: IDTokenClaims) {
        self.init(
            sub: claims.sub ?? "", email: claims.email.map(TenantText.printable),
            phoneNumber: claims.phoneNumber.map(TenantText.printable), name: claims.name.map(TenantText.printable))
    }
}
