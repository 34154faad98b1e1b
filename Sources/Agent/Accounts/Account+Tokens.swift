import Auth0
import FoundationEssentials
import PosternProtocol

extension Account {
    /// What a caller of `token.get` asks for.
    struct Ask: Sendable {
        var key: TokenKey
        /// The scopes that the request named, for telling which of them were not granted.
        var namedScope: String?
        /// Seconds; nil is the configured minimum.
        var minTTL: Int?
        /// Of `[agent]`, seconds.
        var configuredMinTTL: Int
        var wait: Int
        var rejected: String?
        var force = false

        /// Whether it may ask for a refresh though the token is good for others.
        var demandsRefresh: Bool { force || rejected != nil }

        func with(wait: Int) -> Ask {
            var ask = self
            ask.wait = wait
            return ask
        }
    }

    func token(_ ask: Ask) async throws(AgentError) -> (token: AccessToken, from: GetToken.Response.Source) {
        // Once the record has been read, whatever became of the keyring since, this does nothing.
        try await loadOrThrow()
        reject(ask.rejected)
        var patience: Date?
        while true {
            if let token = try cachedToken(ask) {
                parts.counters.count(.tokensFromCache)
                return (token, .cache)
            }
            if !ask.force, let foreign = foreign[ask.key], now < foreign.until { throw foreign.error }
            // The clock is read for those alone who have to wait.
            let end = patience ?? now + .seconds(ask.wait)
            patience = end
            if try await demandHasPassed(before: end) { continue }
            let token = try await refreshedToken(ask.key, before: end, isDemanded: ask.demandsRefresh)
            try check(token, against: ask)
            parts.counters.count(.tokensFromRefresh)
            return (token, .refresh)
        }
    }

    /// The cached token if it will do; nil if a refresh is needed.
    ///
    /// - Throws: 1017 or 1018 if a refresh would give no better token than the one that is here and not due yet.
    private func cachedToken(_ ask: Ask) throws(AgentError) -> AccessToken? {
        guard !ask.force, let token = token(of: ask.key) else { return nil }
        // Read once, because every caller comes through here.
        let now = now
        guard isServable(token, at: now) else { return nil }
        let minimum = ask.minTTL ?? token.standardMinTTL(ask.configuredMinTTL)
        let isFresh = now.unixTime < token.refreshDue(margin: profile.refreshMargin)
        guard token.secondsLeft(at: now) >= minimum || isFresh && token.longestTTL < minimum else { return nil }
        try check(token, against: ask)
        if ask.key != .standard { further.used(ask.key) }
        return token
    }

    /// The token that there is of this key, good or not.
    func token(of key: TokenKey) -> AccessToken? {
        key == .standard ? served.credentials?.token : further.token(key)
    }

    /// Drops a token that a server refused, in memory and in the keyring's record, and remembers its hash in case the tenant issues it again. A hash of
    /// no token that is here needs no note: that token is gone already.
    private func reject(_ hash: String?) {
        guard let hash else { return }
        guard var credentials = served.credentials, credentials.token?.hash == hash else {
            if further.remove(hash: hash) { remember(rejected: hash) }
            return
        }
        remember(rejected: hash)
        credentials.token = nil
        served = .signedIn(credentials)
        guard var kept = record, kept.token?.hash == hash else { return }
        kept.token = nil
        keep(kept)
        nextSave = now
        parts.deadlines.moved(of: self)
    }

    private func remember(rejected hash: String) {
        rejected.append(hash)
        if rejected.count > Self.rejectedLimit { rejected.removeFirst() }
    }

    /// So many refused tokens are remembered; callers can demand one refresh a second.
    private static let rejectedLimit = 1024

    func isServable(_ token: AccessToken, at now: Date) -> Bool {
        token.secondsLeft(at: now) > 0 && (rejected.isEmpty || !rejected.contains(token.hash))
    }

    private func check(_ token: AccessToken, against ask: Ask) throws(AgentError) {
        if let minimum = ask.minTTL, token.secondsLeft(at: now) < minimum {
            throw AgentError(
                .ttlUnavailable,
                "Access tokens of profile \(profile.name) live \(token.lifetime) seconds, not \(minimum)."
            ) { data in
                data.profile = profile.name
                data.hint = "Ask for less, or raise the lifetime in the API's settings at the tenant."
            }
        }
        guard let named = ask.namedScope else { return }
        let granted = Set(token.scope.split(separator: " "))
        let missing = Set(named.split(separator: " ")).subtracting(granted).map(String.init).sorted()
        guard missing.isEmpty else {
            throw AgentError(.scopeNotGranted, "The tenant did not grant \(missing.joined(separator: " ")).") { data in
                data.profile = profile.name
                data.missing = missing
                data.hint = "Add the scopes to the profile and sign in again, or have them granted at the tenant."
            }
        }
    }

    /// The ID token; an expired one is refreshed.
    func idToken(wait: Int) async throws(AgentError) -> Secret {
        try await loadOrThrow()
        let end = now + .seconds(wait)
        // A tenant whose ID tokens are expired when they come would be asked by each call.
        while true {
            if let token = validIDToken { return token }
            guard try await demandHasPassed(before: end) else { break }
        }
        _ = try await refreshedToken(.standard, before: end, isDemanded: true)
        guard let token = validIDToken else {
            throw AgentError(.tenantError, "The tenant gave no new ID token to profile \(profile.name).") { data in
                data.profile = profile.name
            }
        }
        return token
    }

    private var validIDToken: Secret? {
        guard let token = served.credentials?.idToken, let expiry = IDTokenClaims.expiry(ofVerified: token),
            expiry > parts.clock.wall.timeIntervalSince1970
        else { return nil }
        return token
    }
}
