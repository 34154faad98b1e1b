import Foundation

/// The refresh tokens, in families: all that descend from one sign-in.
///
/// A token's generation is its distance from the first of its family. While the overlap lasts, the token before the
/// newest can be exchanged again (each exchange makes a sibling of the newest); anything older, or anything after the
/// overlap, is reuse and ends the family.
struct RefreshTokens: Sendable {
    enum Verdict {
        case good(Family)
        /// Never issued, expired or revoked: the client cannot tell which.
        case unknown
        /// Rotated away before; the family is revoked by this very attempt.
        case reused
    }

    struct Family: Sendable {
        let id: String
        let authorization: Authorization
        let created: Date
        var lastUsed: Date
        var isRevoked = false
        /// When each generation was first replaced; its count is the newest generation.
        var replaced: [Date] = []

        var latest: Int { replaced.count }
    }

    /// The tokens of a person in one client that may live at once; the oldest family goes first.
    static let most = 200

    private var families: [String: Family] = [:]
    private var places: [String: (family: String, generation: Int)] = [:]

    /// Begins a family and returns its first token.
    mutating func issue(for authorization: Authorization, now: Date) -> String {
        let family = Family(id: RandomText.hex(digits: 16), authorization: authorization, created: now, lastUsed: now)
        families[family.id] = family
        prune(authorization)
        return add(to: family.id, generation: 0)
    }

    func presented(_ token: String) -> PresentedRefreshToken? {
        guard let place = places[token], let family = families[place.family] else { return nil }
        return PresentedRefreshToken(family: place.family, generation: place.generation, latest: family.latest)
    }

    /// Judges a token of `clientID` without using it up; reuse is punished at once.
    mutating func judge(_ token: String, clientID: String, policy: RefreshTokenPolicy, now: Date) -> Verdict {
        guard let place = places[token], let family = families[place.family],
            family.authorization.clientID == clientID, !family.isRevoked,
            now < family.created + policy.absoluteLifetime, now < family.lastUsed + policy.idleLifetime
        else { return .unknown }
        if place.generation == family.latest { return .good(family) }
        let isPrevious = place.generation == family.latest - 1
        if isPrevious, now < family.replaced[place.generation] + policy.overlap { return .good(family) }
        families[family.id]?.isRevoked = true
        return .reused
    }

    /// Uses a token that was judged good: its successor when tokens rotate, nil when they do not.
    mutating func exchange(_ token: String, policy: RefreshTokenPolicy, now: Date) -> String? {
        guard let place = places[token] else { return nil }
        families[place.family]?.lastUsed = now
        guard policy.rotates else { return nil }
        if families[place.family]?.latest == place.generation { families[place.family]?.replaced.append(now) }
        return add(to: place.family, generation: place.generation + 1)
    }

    /// Ends the family of a token.
    mutating func revoke(_ token: String) {
        if let place = places[token] { families[place.family]?.isRevoked = true }
    }

    func clientID(of token: String) -> String? {
        places[token].flatMap { families[$0.family]?.authorization.clientID }
    }

    mutating func revokeFamilies(where isMeant: (Authorization) -> Bool) {
        for (id, family) in families where isMeant(family.authorization) { families[id]?.isRevoked = true }
    }

    private mutating func add(to family: String, generation: Int) -> String {
        let token = "v1." + RandomText.token()
        places[token] = (family, generation)
        return token
    }

    private mutating func prune(_ authorization: Authorization) {
        let live = families.values.filter {
            !$0.isRevoked && $0.authorization.userID == authorization.userID
                && $0.authorization.clientID == authorization.clientID
        }
        for family in live.sorted(by: { $0.created < $1.created }).dropLast(Self.most) {
            families[family.id]?.isRevoked = true
        }
    }
}
