import FoundationEssentials

/// What an `mfa_required` answer says: tokens are there for who proves a second factor (Auth0: "Multi-factor Authentication API").
package struct MFARequirement: Equatable, Sendable {
    /// Stands for the request that waits, with its audience and scopes; opaque. It lives for some minutes: 5 or 10, by different sources.
    package var token: Secret
    /// The factors of which one is to be proven: `otp`, `phone`, …; nil if the tenant did not say, as without customizable MFA.
    package var challenge: [String]?
    /// The challenge types, `otp` and `oob`, of which one is to be proven: another shape of the same, seen at database connections.
    package var challengeTypes: [String]?
    /// The factors of which one may be set up, because none is.
    package var enroll: [String]?

    /// - Returns: nil if the bytes are no `mfa_required` answer with an `mfa_token`.
    init?(json: [UInt8]) {
        // What does not decode is another answer.
        guard let raw = try? TenantJSON.decode(Raw.self, from: json),
            ["mfa_required", "a0.mfa_required"].contains(raw.error), let token = raw.mfaToken,
            Secret(token).isBearerToken
        else { return nil }
        self.token = Secret(token)
        challenge = (raw.requirements?.value?.challenge?.value?.compactMap(\.value?.type)).map(Self.few)
        challengeTypes = (raw.requirements?.value?.challengeTypes?.value?.compactMap(\.value)).map(Self.few)
        enroll = (raw.requirements?.value?.enroll?.value?.compactMap(\.value?.type)).map(Self.few)
    }

    /// The first of a list of kinds, of which there are six.
    private static func few(_ kinds: [String]) -> [String] { Array(kinds.prefix(32)) }

    /// Whether this authenticator may prove it.
    package func allows(_ authenticator: Authenticator) -> Bool {
        if let challenge, !challenge.isEmpty {
            return challenge.contains(authenticator.kind.factorType)
        }
        guard let challengeTypes, !challengeTypes.isEmpty else { return true }
        // A recovery code is proven without a challenge, so no list of challenge types names it.
        return authenticator.kind == .recoveryCode || challengeTypes.contains(authenticator.kind.authenticatorType)
    }

    private struct Raw: Decodable {
        var error: String
        var mfaToken: String?
        var requirements: Lenient<Requirements>?

        enum CodingKeys: String, CodingKey {
            case error
            case mfaToken = "mfa_token"
            case requirements = "mfa_requirements"
        }
    }

    private struct Requirements: Decodable {
        var challenge: Lenient<[Lenient<Element>]>?
        var challengeTypes: Lenient<[Lenient<String>]>?
        var enroll: Lenient<[Lenient<Element>]>?

        enum CodingKeys: String, CodingKey {
            case challenge
            case challengeTypes = "challenge_types"
            case enroll
        }
    }

    private struct Element: Decodable {
        var type: String?
    }
}

/// A value, or something of another shape that is as good as absent: strict decoding of MFA answers has broken Auth0's own SDKs.
struct Lenient<Value: Decodable>: Decodable {
    var value: Value?

    init(from decoder: any Decoder) throws {
        value = try? Value(from: decoder)  // of another shape: absent
    }
}
