import Auth0
import KeyringProtocol
import Logging
import PosternProtocol

// Sign-ins of the profile that were made under other settings. Their refresh tokens are sent nowhere but to the revocation endpoint of the tenant that
// issued them: an edited file must neither send them elsewhere nor leave them valid.

extension Account {
    /// Whether what is signed in here may be used under these settings, too, and nothing that was signed in before.
    func keepsSignIn(under new: Profile) -> Bool {
        !former.contains { $0.binding.permits(new) } && (record?.binding ?? Credentials.Binding(profile)).permits(new)
            && profile.persist == new.persist
    }

    /// Whether this account's record is where the profile's would be.
    func sharesRecord(with profile: Profile) -> Bool {
        item == Self.item(of: profile) && (self.profile.persist == .memory) == (profile.persist == .memory)
    }

    /// What is lost with this account: the keyring has not taken it, or was not to have it.
    var heldRecord: Credentials? { isUnsaved || profile.persist == .memory ? record : nil }

    /// Whether something is still to be saved or deleted, or nobody else has what is here.
    var holdsAlone: Bool { isUnsaved || heldRecord != nil }

    /// Whether somebody is signed in to the profile under other settings, or in another place.
    var hasOtherSignIns: Bool { !former.isEmpty || !handedOver.isEmpty }

    /// Lets go of the sign-ins that an account with these settings would not find, because it looks elsewhere.
    func handOver(to profile: Profile) -> [Credentials] {
        defer { handedOver = [] }
        guard !sharesRecord(with: profile) else { return handedOver }
        let lost = [record ?? served.credentials].compactMap(\.self)
        // What is in memory alone is nobody's from here on.
        if self.profile.persist == .memory { (record, served) = (nil, .signedOut) }
        return handedOver + lost
    }

    /// Lets go of what was replaced and could not be revoked.
    func handOverUnrevoked() -> [Credentials] {
        defer { unrevoked = [] }
        return unrevoked
    }

    /// All sign-ins that are known of the profile, to be replaced or ended. What is in force stays in its place until then.
    func takeAllSignIns() -> [Credentials] {
        defer { (former, handedOver) = ([], []) }
        return [record ?? served.credentials].compactMap(\.self) + former + handedOver
    }

    /// The trust anchors of the profile now and before, the newest last, as many as are worth to be remembered.
    var allAnchors: [TrustAnchors] {
        let all = formerAnchors.filter { $0 != profile.trustAnchors } + [profile.trustAnchors].compactMap(\.self)
        return Array(all.suffix(8))
    }

    func addFormer(_ credentials: Credentials) {
        guard !former.contains(where: { $0.refreshToken == credentials.refreshToken }) else { return }
        former.append(credentials)
    }

    /// Revokes a sign-in's refresh token at the tenant that issued it, known by the trust anchors that the sign-in was bound to.
    ///
    /// - Returns: nil if it has none.
    ///
    /// - Parameter isReplaced: nobody would know of it any more: if the tenant cannot be told, it is remembered.
    func revokeWhereIssued(_ credentials: Credentials, isReplaced: Bool = false) -> Task<AgentError?, Never>? {
        guard let refreshToken = credentials.refreshToken else { return nil }
        return inTurn { account throws(AgentError) in
            do throws(AgentError) {
                let api =
                    credentials.binding.permits(account.profile)
                    ? try await account.tenant().api
                    : try await account.parts.tenants.api(
                        of: credentials.binding, profile: account.profile, anchors: account.allAnchors)
                try await account.tell(api, toRevoke: refreshToken)
            } catch {
                if isReplaced { account.unrevoked = (account.unrevoked + [credentials]).suffix(Account.unrevokedLimit) }
                throw error
            }
        }
    }

    /// So many are remembered; a tenant that lets a person sign in takes revocations as well, as a rule.
    private static let unrevokedLimit = 16

    /// Deletes what the profile kept in the keyring before `persist` was changed, as far as the keyring can be asked.
    ///
    /// - Parameters:
    ///   - known: sign-ins that are revoked already.
    ///   - isSignOut: they are deleted even if the tenant cannot be told.
    @discardableResult
    func endStrays(revoking: Bool, besides known: [Credentials], isSignOut: Bool) -> Task<AgentError?, Never> {
        inTurn { account throws(AgentError) in
            var failure: AgentError?
            for item in account.otherItems {
                // A keyring that is locked or away may never have had any of it.
                guard let loaded = try? await account.parts.keyring.load(item) as String?? else { continue }
                guard let json = loaded else {
                    account.parts.notes.remove(for: item)
                    continue
                }
                var credentials: Credentials?
                do throws(Credentials.Unreadable) {
                    credentials = try Credentials(json: json, at: account.parts.clock)
                } catch {
                    // Neither can be revoked. The program that wrote a newer one will want it, unless the person signs out.
                    if case .newerVersion = error, !isSignOut { continue }
                    failure = failure ?? AgentError(error, profile: account.profile.name)
                }
                // Two names may mean one collection: this is what has just been saved.
                if let credentials, let own = account.record, credentials.isSameSignIn(as: own) {
                    account.parts.notes.remove(for: item)
                    continue
                }
                if revoking, let credentials, let refreshToken = credentials.refreshToken,
                    !known.contains(where: { $0.refreshToken == refreshToken })
                {
                    do throws(AgentError) {
                        let api = try await account.parts.tenants.api(
                            of: credentials.binding, profile: account.profile, anchors: account.allAnchors)
                        try await account.tell(api, toRevoke: refreshToken)
                    } catch {
                        failure = failure ?? error
                        // What was signed out never comes back; what a sign-in replaces is tried again.
                        guard isSignOut else { continue }
                    }
                }
                do {
                    try await account.parts.keyring.delete(item)
                    account.parts.notes.remove(for: item)
                } catch {
                    // It is found again at the next sign-in or sign-out.
                }
            }
            if let failure { throw failure }
        }
    }

    /// Where in the keyring the profile's record would be with another `persist`.
    var otherItems: [KeyringItem] {
        let items = [KeyringItem.Collection.default, .session].map { collection in
            KeyringItem(kind: .session, profile: profile.name, collection: collection)
        }
        return profile.persist == .memory ? items : items.filter { $0 != item }
    }

    /// Makes requests that revoke, one after the other, beside everything else. The agent waits for the last one when it ends.
    func inTurn(
        _ request: @escaping @Sendable (isolated Account) async throws(AgentError) -> Void
    ) -> Task<AgentError?, Never> {
        let earlier = revocation
        let task = Task { () -> AgentError? in
            _ = await earlier?.value
            do throws(AgentError) {
                try await request(self)
                return nil
            } catch {
                parts.log.warning("A refresh token could not be revoked: \(error.message)", metadata: metadata)
                return error
            }
        }
        revocation = task
        return task
    }

    func tell(_ api: AuthenticationAPI, toRevoke refreshToken: Secret) async throws(AgentError) {
        do {
            try await api.revoke(refreshToken)
        } catch {
            throw AgentError(error, profile: profile.name)
        }
    }
}
