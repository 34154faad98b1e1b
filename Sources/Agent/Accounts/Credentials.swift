import Auth0
import FoundationEssentials
import PosternProtocol

/// Everything the keyring holds for one signed-in profile, as one record so that a save is one replacement.
struct Credentials: Codable, Equatable, Sendable {
    /// The format's version; a record of a higher one is left alone. The first one had no ``time``, and its times were the wall clock's.
    static let version = 2

    /// What the record belongs to. One that does not match the configuration is never used: an edited file must not send a refresh token elsewhere.
    struct Binding: Codable, Equatable, Sendable {
        var profile: String
        var issuer: String
        var clientID: String
        var audience: String?
        /// Sorted. Other scopes or another audience need another sign-in.
        var scope: [String]

        init(_ profile: Profile) {
            self.profile = profile.name
            issuer = profile.issuer.description
            clientID = profile.clientID
            audience = profile.audience
            scope = profile.scope.split(separator: " ").map(String.init).sorted()
        }

        private enum CodingKeys: String, CodingKey {
            case profile, issuer
            case clientID = "client_id"
            case audience, scope
        }
    }

    /// Why the refresh token is gone for good.
    enum Refusal: String, Codable, Sendable {
        case expired
        case lostAnswer = "lost_answer"
        case reuseSuspected = "reuse_suspected"
        case userDeleted = "user_deleted"
    }

    var version = Credentials.version
    /// When it was written: set in the keyring alone.
    private var time: RecordTime?
    var binding: Binding
    var account: PosternProtocol.Account
    /// When the person signed in, which is when the refresh token's absolute lifetime began.
    var signedInAt: Int
    var refreshToken: Secret?
    var refusal: Refusal?
    /// Since when a refresh is under way whose answer has not been saved. Found in a record that was read back, it means that the process died in
    /// between: the tenant may or may not have rotated the token.
    var refreshingSince: Int?
    var idToken: Secret?
    var tokens: [AccessToken]

    private enum CodingKeys: String, CodingKey {
        case version, time, binding, account
        case signedInAt = "signed_in_at"
        case refreshToken = "refresh_token"
        case refusal
        case refreshingSince = "refreshing_since"
        case idToken = "id_token"
        case tokens
    }

    func token(_ key: TokenKey) -> AccessToken? {
        tokens.first { $0.key == key }
    }

    mutating func replace(_ token: AccessToken, now: Date) {
        tokens.removeAll { $0.key == token.key || $0.expiresAt <= now.unixTime }
        tokens.append(token)
    }

    /// The record as the keyring holds it.
    func json(at clock: any AgentClock) throws -> String {
        var record = self
        record.time = RecordTime(clock)
        return String(decoding: try JSONEncoder().encode(record), as: UTF8.self)
    }

    enum Unreadable: Error {
        case corrupt
        case newerVersion(Int)
    }

    /// Reads a record of the keyring; its times become those of this clock.
    init(json: String, at clock: any AgentClock) throws(Unreadable) {
        struct Versioned: Decodable {
            var version: Int
        }
        let data = Data(json.utf8)
        // What does not decode is corrupt, whichever member it was.
        guard let versioned = try? JSONDecoder().decode(Versioned.self, from: data) else { throw .corrupt }
        guard versioned.version <= Self.version else { throw .newerVersion(versioned.version) }
        guard var record = try? JSONDecoder().decode(Self.self, from: data) else { throw .corrupt }
        let isOfThisBoot = record.time?.boot.id == clock.boot.id
        record.shiftTimes(by: record.time?.shift(to: clock) ?? 0)
        record.time = nil
        record.version = Self.version
        if !isOfThisBoot {
            // A machine that lost its date while it was off would take an expired token for a fresh one; a refresh tells.
            record.tokens.removeAll { $0.issuedAt > clock.now.unixTime + Self.tolerance }
        }
        self = record
    }

    /// Seconds by which two wall clocks of one machine may differ and still be right.
    private static let tolerance = 60

    private mutating func shiftTimes(by seconds: Int) {
        guard seconds != 0 else { return }
        signedInAt += seconds
        refreshingSince = refreshingSince.map { $0 + seconds }
        for index in tokens.indices {
            tokens[index].shiftTimes(by: seconds)
        }
    }

    init(
        binding: Binding, account: PosternProtocol.Account, signedInAt: Int, refreshToken: Secret?, idToken: Secret?,
        tokens: [AccessToken]
    ) {
        self.binding = binding
        self.account = account
        self.signedInAt = signedInAt
        self.refreshToken = refreshToken
        self.idToken = idToken
        self.tokens = tokens
    }
}
