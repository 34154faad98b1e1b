import Auth0
import PosternProtocol
import OutsideInput

/// One profile's sign-in: everything that the keyring holds for it, as one record so that a save is one replacement (``json(at:)``).
struct Credentials: Equatable, Sendable {
    /// What the sign-in belongs to. One that does not match the configuration is never used: an edited file must not send a refresh token elsewhere.
    struct Binding: Codable, Equatable, Sendable {
        var profile: String
        var issuer: String
        var clientID: String
        var audience: String?
        /// Sorted. Other scopes or another audience need another sign-in.
        var scope: [String]
        /// The digests of the extra trust anchors that the tenant could be known by, sorted. Nil in a record of a program that did not note them, which is
        /// used as before.
        var anchors: [String]?

        init(_ profile: Profile) {
            self.profile = profile.name
            issuer = profile.issuer.description
            clientID = profile.clientID
            audience = profile.audience
            scope = profile.scope.split(separator: " ").map(String.init).sorted()
            anchors = (profile.trustAnchors?.digests ?? []).sorted()
        }

        /// Whether a sign-in that belongs to this may be used under a profile's settings. Fewer trust anchors are fine; one that was not there could be
        /// somebody's who stands between.
        func permits(_ profile: Profile) -> Bool {
            let current = Binding(profile)
            var expected = self
            expected.anchors = current.anchors
            return expected == current && (anchors.map { Set($0).isSuperset(of: current.anchors ?? []) } ?? true)
        }

        /// The same for a record that did not note its trust anchors: from now on it is bound to those that it is used with.
        func noting(_ profile: Profile) -> Binding {
            var noted = self
            noted.anchors = anchors ?? Binding(profile).anchors
            return noted
        }

        private enum CodingKeys: String, CodingKey {
            case profile, issuer
            case clientID = "client_id"
            case audience, scope, anchors
        }
    }

    /// Whether both are of one sign-in, however often it has been refreshed between them.
    func isSameSignIn(as other: Credentials) -> Bool {
        // Translating a record's times may round them.
        binding == other.binding && account.sub.isSame(as: other.account.sub) && abs(signedInAt - other.signedInAt) <= 2
    }

    /// Why the refresh token is gone for good.
    enum Refusal: String, Codable, Sendable {
        case expired
        case lostAnswer = "lost_answer"
        case reuseSuspected = "reuse_suspected"
        case userDeleted = "user_deleted"
    }

    var binding: Binding
    /// Its `sub` is the tenant's own, to be compared; it is cleaned where it is shown.
    var account: PosternProtocol.Account
    /// When the person signed in, which is when the refresh token's absolute lifetime began.
    var signedInAt: Int
    var refreshToken: Secret?
    var refusal: Refusal?
    /// Since when a refresh is under way whose answer has not been saved. Found in a record that was read back, it means that the process died in
    /// between: the tenant may or may not have rotated the token.
    var refreshingSince: Int?
    var idToken: Secret?
    /// The last ID token of a refresh was about another person: nothing that comes without one about this person is served.
    var isPersonInDoubt = false
    /// The access token of the default audience and scopes. All others live in memory alone (``FurtherTokens``).
    var token: AccessToken?
    /// With `persist = session`: the session that this ends with.
    var session: SessionMark?
}
