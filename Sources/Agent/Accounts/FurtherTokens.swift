import Auth0
import FoundationEssentials

/// The access tokens beside the default one: of other audiences, or of fewer scopes. They live in memory alone, because each can be had again by the
/// refresh token, and because any program can ask for any number of them.
///
/// The least used one goes first, so that a program that asks for ever new scopes displaces its own tokens and not those that others keep asking for.
struct FurtherTokens: Sendable {
    static let limit = 32
    /// All of them together, bytes; one that is longer by itself is kept alone.
    static let byteLimit = 1 << 20

    private struct Entry {
        var token: AccessToken
        var uses = 0
    }

    /// The one that was used last comes last.
    private var entries: [Entry] = []

    var count: Int { entries.count }

    func token(_ key: TokenKey) -> AccessToken? {
        entries.first { $0.token.key == key }?.token
    }

    /// Takes note that a token was handed out.
    mutating func used(_ key: TokenKey) {
        guard let index = entries.firstIndex(where: { $0.token.key == key }) else { return }
        var entry = entries.remove(at: index)
        entry.uses += 1
        entries.append(entry)
    }

    /// Keeps a token in the place of the last one of its key; expired ones go, and where there are too many the least used.
    mutating func keep(_ token: AccessToken, now: Date) {
        let uses = entries.first { $0.token.key == token.key }?.uses ?? 0
        entries.removeAll { $0.token.key == token.key || $0.token.expiresAt <= now.unixTime }
        while !entries.isEmpty, entries.count >= Self.limit || size + token.size > Self.byteLimit {
            // Of several that were used as little, `min` gives the first, which is the one that was used longest ago.
            guard let least = entries.indices.min(by: { entries[$0].uses < entries[$1].uses }) else { break }
            entries.remove(at: least)
        }
        entries.append(Entry(token: token, uses: uses))
    }

    /// Drops the token with this hash.
    ///
    /// - Returns: whether there was one.
    mutating func remove(hash: String) -> Bool {
        guard let index = entries.firstIndex(where: { $0.token.hash == hash }) else { return false }
        entries.remove(at: index)
        return true
    }

    private var size: Int { entries.reduce(0) { $0 + $1.token.size } }
}

extension AccessToken {
    /// About what it takes in memory, bytes.
    fileprivate var size: Int {
        value.revealed.utf8.count + scope.utf8.count + (key.audience?.utf8.count ?? 0)
            + (key.scope ?? []).reduce(0) { $0 + $1.utf8.count }
    }
}
