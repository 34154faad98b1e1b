import Auth0
import Glibc
import Logging
import PosternProtocol

// The methods that change what profiles there are, and the secrets of their clients.

extension Agent {
    func addProfile(_ request: AddProfile, _ pid: pid_t?) async throws(AgentError) -> Empty {
        await Reactor.shared.longTurn()
        try await configuration.add(request)
        // It is in the file, whatever else of that file may keep it from being in force.
        tell(.profileAdded, "A profile was added.", profile: request.name, pid)
        _ = try await reload(Reload())
        return Empty()
    }

    func removeProfile(
        _ request: RemoveProfile, _ pid: pid_t?
    ) async throws(AgentError) -> RemoveProfile.Response {
        // The file is read and written here, whole.
        await Reactor.shared.longTurn()
        try await configuration.checkRemovable(request.name)
        var response = RemoveProfile.Response()
        if !(request.keep ?? false) {
            response = await signOutBeforeRemoval(of: request.name, pid)
        }
        try await configuration.remove(request.name)
        do {
            _ = try await applyConfiguration()
        } catch {
            // Signing out and editing are done, and the caller must know it.
            let reason = "The profile is out of the file, but the file is not in force: \(error)"
            response.reason = [response.reason, reason].compactMap { $0 }.joined(separator: " ")
        }
        tell(.profileRemoved, "A profile was removed.", profile: request.name, pid)
        return response
    }

    private func signOutBeforeRemoval(of name: String, _ pid: pid_t?) async -> RemoveProfile.Response {
        let signedOut: Logout.Response
        do {
            signedOut = try await logout(Logout(profile: name), pid)
        } catch {
            // It is in the file but not in force, because the file is bad.
            return RemoveProfile.Response(revoked: false, deleted: false, reason: error.message)
        }
        return RemoveProfile.Response(
            revoked: signedOut.revoked, deleted: signedOut.deleted, reason: signedOut.reason)
    }

    func setClientSecret(_ request: SetClientSecret, _ pid: pid_t?) async throws(AgentError) -> Empty {
        let account = try await account(request.profile)
        let profile = await account.profile
        let method = profile.clientAuth
        func invalid(_ message: String) -> AgentError {
            AgentError(.invalidParams, message) { data in data.profile = request.profile }
        }
        let secret: Secret
        switch (request.secret, request.privateKey) {
        case (let value?, nil) where method == .secretPost || method == .secretBasic:
            secret = Secret(value)
            guard ClientSecret.accepts(secret: value) else {
                throw invalid(
                    "A client secret is 1 to \(ClientSecret.limit) bytes without control characters, and no private key."
                )
            }
        case (nil, let value?) where method == .privateKeyJWT:
            secret = Secret(value)
            guard value.utf8.count <= ClientSecret.limit, await ClientAuthentication.accepts(privateKey: secret) else {
                throw invalid("That is no PEM private key of type RSA, P-256 or P-384.")
            }
        case (_?, nil), (nil, _?):
            throw invalid(
                "The profile's client_auth is \(method.rawValue), which takes another kind of secret or none.")
        default:
            throw invalid("Give either secret or private_key.")
        }
        do throws(SecretStoreError) {
            try await tenants.setClientSecret(secret, of: profile)
        } catch {
            throw AgentError(error, profile: request.profile)
        }
        await account.forgetTenant()
        tell(.secretSet, "A client secret was set.", profile: request.profile, pid) { event in
            event.secretKind = request.privateKey == nil ? "secret" : "private_key"
        }
        return Empty()
    }
}
