import Auth0
import FoundationEssentials
import OutsideInput
import PosternProtocol

// The keyring's record of a sign-in. Any program of the user can write one, so nothing of it is used before all of it has been checked.

extension Credentials {
    /// The format's version; a record of a higher one is left alone. The first one had no `time`, and its times were the wall clock's.
    static let version = 2
    /// The longest record that is written, bytes. gnome-keyring writes its whole file anew for each of them.
    static let recordLimit = 64 * 1024

    /// The refresh token alone is longer than a record may be.
    struct TooLong: Error {}

    enum Unreadable: Error {
        case corrupt
        case newerVersion(Int)
    }

    /// The record as the keyring holds it.
    ///
    /// What can be had again by the refresh token never keeps it from being saved: the access token is left out first, then the ID token.
    ///
    /// - Throws: ``TooLong`` if nothing more can be left out.
    func json(at clock: any AgentClock) throws(TooLong) -> String {
        var credentials = self
        let shortenings: [(inout Credentials) -> Void] = [{ _ in }, { $0.token = nil }, { $0.idToken = nil }]
        for shorten in shortenings {
            shorten(&credentials)
            // Strings and finite numbers alone: cannot fail.
            guard let json = try? Self.encoder.encode(Record(credentials, at: clock)) else { break }
            if json.count <= Self.recordLimit { return String(decoding: json, as: UTF8.self) }
        }
        throw TooLong()
    }

    private static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        // A token's slashes would double what they take.
        encoder.outputFormatting = .withoutEscapingSlashes
        return encoder
    }()

    /// Reads a record of the keyring; its times become those of this clock.
    init(json: String, at clock: any AgentClock) throws(Unreadable) {
        struct Versioned: Decodable {
            var version: Int
        }
        let data = Data(json.utf8)
        // What does not decode is corrupt, whichever member it was.
        guard let versioned = try? JSONDecoder().decode(Versioned.self, from: data), versioned.version > 0 else {
            throw .corrupt
        }
        guard versioned.version <= Self.version else { throw .newerVersion(versioned.version) }
        guard let record = try? JSONDecoder().decode(Record.self, from: data), record.isSound,
            record.time?.isPast(at: clock) ?? true
        else { throw .corrupt }
        self = record.credentials(at: clock)
    }
}

/// The record's members. What is optional here may be absent in a record of an earlier program, or of a later one with the same version.
private struct Record: Codable {
    var version = Credentials.version
    /// When it was written.
    var time: RecordTime?
    var binding: Credentials.Binding
    var account: PosternProtocol.Account
    var signedInAt: Int
    var refreshToken: Secret?
    var refusal: Credentials.Refusal?
    var refreshingSince: Int?
    var idToken: Secret?
    var personInDoubt: Bool?
    /// The default token. Earlier programs kept those of other audiences and scopes, too.
    var tokens: [AccessToken]
    var session: SessionMark?

    private enum CodingKeys: String, CodingKey {
        case version, time, binding, account
        case signedInAt = "signed_in_at"
        case refreshToken = "refresh_token"
        case refusal
        case refreshingSince = "refreshing_since"
        case idToken = "id_token"
        case personInDoubt = "person_in_doubt"
        case tokens, session
    }

    init(_ credentials: Credentials, at clock: any AgentClock) {
        time = RecordTime(clock)
        binding = credentials.binding
        account = credentials.account
        signedInAt = credentials.signedInAt
        refreshToken = credentials.refreshToken
        refusal = credentials.refusal
        refreshingSince = credentials.refreshingSince
        idToken = credentials.idToken
        personInDoubt = credentials.isPersonInDoubt ? true : nil
        tokens = credentials.token.map { [$0] } ?? []
        session = credentials.session
    }

    /// Seconds by which two clocks of one machine may differ and still be right.
    private static let tolerance = 60

    /// Whether this program or another of its kind may have written it: its times are possible, those of a token in order, and nothing in it contradicts
    /// the rest. Sums and differences of such times cannot overflow.
    ///
    /// What was written at different times is in no order: between two of them the machine may have lost its date over a reboot.
    var isSound: Bool {
        (time?.isSound ?? true) && IDTokenClaims.isSubject(account.sub)
            && (refreshToken.map { TokenResponse.isRefreshToken($0.revealed) } ?? true)
            && (refreshToken == nil || refusal == nil) && RecordTime.range.contains(signedInAt)
            && (refreshingSince.map { refreshToken != nil && RecordTime.range.contains($0) } ?? true)
            && tokens.allSatisfy(\.isSound) && session?.isSound != false
    }

    func credentials(at clock: any AgentClock) -> Credentials {
        let shift = time?.shift(to: clock) ?? 0
        var person = account.cleaned
        if let sub = idToken.flatMap(person.subBeforeCleaning) { person.sub = sub }
        var token = tokens.first { $0.key == .standard && $0.value.isBearerToken }
        token?.shiftTimes(by: shift)
        // What is saved next must be sound, too.
        if token?.isSound == false { token = nil }
        if let scope = token?.scope { token?.scope = TenantScope.cut(scope) }
        if let issuedAt = token?.issuedAt, issuedAt > clock.now.unixTime + Self.tolerance {
            // A machine that lost its date while it was off would take an expired token for a fresh one; a refresh tells.
            token = nil
        }
        return Credentials(
            binding: binding, account: person, signedInAt: (signedInAt + shift).clamped(to: RecordTime.range),
            refreshToken: refreshToken,
            refusal: refusal,
            refreshingSince: refreshingSince.map {
                min(($0 + shift).clamped(to: RecordTime.range), clock.now.unixTime)
            },
            idToken: idToken, isPersonInDoubt: personInDoubt ?? false, token: token, session: session)
    }
}

extension PosternProtocol.Account {
    /// With texts that can be shown. `sub` is left as it is, because it is compared.
    var cleaned: Self {
        Self(
            sub: sub, email: email.map(TenantText.printable), phoneNumber: phoneNumber.map(TenantText.printable),
            name: name.map(TenantText.printable))
    }

    /// As it is shown to people and programs.
    var shown: Self {
        var shown = cleaned
        shown.sub = TenantText.printable(sub)
        return shown
    }

    /// Earlier programs cleaned `sub` before they kept it. The ID token beside it, which was verified, still has the tenant's own.
    fileprivate func subBeforeCleaning(_ idToken: Secret) -> String? {
        // Only these marks can be cleaning's; to read each token would make a start with many profiles slow.
        guard sub.contains(" ") || sub.contains("…"), let raw = IDTokenClaims.subject(ofVerified: idToken) else {
            return nil
        }
        return raw != sub && TenantText.printable(raw) == sub ? raw : nil
    }
}
