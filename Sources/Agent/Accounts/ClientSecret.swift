import Auth0
import FoundationEssentials

/// A confidential client's secret or private key, as the keyring holds it: what it is, and whose.
struct ClientSecret: Codable, Sendable {
    /// Bytes of a secret or key; both are far smaller.
    static let limit = 16_384
    /// Bytes of the whole record.
    private static let recordLimit = 65_536

    enum Kind: String, Codable, Sendable {
        case secret
        /// It signs and is never sent.
        case privateKey = "private_key"
    }

    let kind: Kind
    let issuer: String
    let clientID: String
    let secret: Secret
    /// The digests of the extra trust anchors of the profile it was set for, sorted; nil in a record of a program that did not note them.
    let anchors: [String]?

    /// Whether it may be sent to this tenant, as this client, where these anchors say who the tenant is.
    func belongs(to issuer: String, _ clientID: String, _ trusted: TrustAnchors?) -> Bool {
        self.issuer == issuer && self.clientID == clientID
            && anchors.map { Set($0).isSuperset(of: trusted?.digests ?? []) } ?? true
    }

    private enum CodingKeys: String, CodingKey {
        case kind, issuer
        case clientID = "client_id"
        case secret, anchors
    }

    /// Whether a text can be the secret of `client_secret_post` and `client_secret_basic`: of a size, on one line, and no PEM text, which is a key.
    static func accepts(secret: String) -> Bool {
        (1...limit).contains(secret.utf8.count)
            && secret.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
            && !looksLikeKey(secret)
    }

    private static func looksLikeKey(_ text: String) -> Bool {
        text.contains("-----BEGIN ")
    }

    init(_ secret: Secret, kind: Kind, of profile: Profile) {
        self.kind = kind
        issuer = profile.issuer.description
        clientID = profile.clientID
        self.secret = secret
        anchors = (profile.trustAnchors?.digests ?? []).sorted()
    }

    struct Corrupt: Error {}

    /// Reads a record of the keyring. One of a version that wrote no kind is a key if it is PEM.
    init(json: String) throws(Corrupt) {
        var data = Data(json.utf8)
        defer { data.resetBytes(in: data.startIndex..<data.endIndex) }
        // What does not decode is corrupt, whichever member it was.
        guard data.count <= Self.recordLimit, let record = try? JSONDecoder().decode(Self.self, from: data) else {
            throw Corrupt()
        }
        self = record
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        issuer = try container.decode(String.self, forKey: .issuer)
        clientID = try container.decode(String.self, forKey: .clientID)
        secret = try container.decode(Secret.self, forKey: .secret)
        anchors = try container.decodeIfPresent([String].self, forKey: .anchors)
        let isKey = Self.looksLikeKey(secret.revealed)
        kind = try container.decodeIfPresent(Kind.self, forKey: .kind) ?? (isKey ? .privateKey : .secret)
        guard (1...Self.limit).contains(secret.revealed.utf8.count), isKey == (kind == .privateKey) else {
            throw Corrupt()
        }
    }

    /// How the client proves itself by this; nil if the method takes another kind.
    func authentication(_ method: Profile.ClientAuth) -> ClientAuthentication? {
        switch (method, kind) {
        case (.secretPost, .secret): .secretPost(secret)
        case (.secretBasic, .secret): .secretBasic(secret)
        case (.privateKeyJWT, .privateKey): .privateKeyJWT(secret)
        case (.none, _), (.secretPost, .privateKey), (.secretBasic, .privateKey), (.privateKeyJWT, .secret): nil
        }
    }
}
