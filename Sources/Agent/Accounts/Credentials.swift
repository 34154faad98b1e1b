import Auth0
import FoundationEssentials
import PosternProtocol

/// Everything the keyring holds for one signed-in profile, as one record so that a save is one replacement.
struct Credentials: Codable, Equatable, Sendable {
    /// The format's version; a record of a higher one is left alone.
    static let version = 1

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
        case version, binding, account
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

    func json() throws -> String {
        String(decoding: try JSONEncoder().encode(self), as: UTF8.self)
    }

    enum Unreadable: Error {
        case corrupt
        case newerVersion(Int)
    }

    init(json: String) throws(Unreadable) {
        struct Versioned: Decodable {
            var version: Int
        }
        let data = Data(json.utf8)
        // What does not decode is corrupt, whichever member it was.
        guard let versioned = try? JSONDecoder().decode(Versioned.self, from: data) else { throw .corrupt }
        guard versioned.version <= Self.version else { throw .newerVersion(versioned.version) }
        guard let record = try? JSONDecoder().decode(Self.self, from: data) else { throw .corrupt }
        self = record
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
