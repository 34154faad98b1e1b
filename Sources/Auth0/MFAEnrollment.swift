import FoundationEssentials

/// The factor that `POST /mfa/associate` is to set up.
package enum MFAEnrollment: Equatable, Sendable {
    case otp
    case push
    /// A phone number in E.164 form.
    case sms(String)
    case voice(String)
    case email(String)

    var members: [String: JSONMember] {
        var members: [String: JSONMember] = ["authenticator_types": .list([self == .otp ? "otp" : "oob"])]
        switch self {
        case .otp:
            break
        case .push:
            members["oob_channels"] = .list(["auth0"])
        case .sms(let number):
            members["oob_channels"] = .list(["sms"])
            members["phone_number"] = .string(number)
        case .voice(let number):
            members["oob_channels"] = .list(["voice"])
            members["phone_number"] = .string(number)
        case .email(let address):
            members["oob_channels"] = .list(["email"])
            members["email"] = .string(address)
        }
        return members
    }
}

/// A factor that is set up but not confirmed: what the person needs for it, shown once.
package struct MFAAssociation: Sendable {
    /// How to confirm it.
    package var challenge: MFAChallenge
    /// The key of one-time passwords in base32, for typing in.
    package var secret: Secret?
    /// The text of the picture that an app scans.
    package var barcodeURI: Secret?
    /// Given with the first factor only, if the tenant uses them.
    package var recoveryCodes: [Secret]

    /// More codes than a person could keep are left out.
    private static let codeLimit = 32

    /// Nil if the answer breaks the protocol.
    init?(json: [UInt8]) {
        // What does not decode breaks the protocol.
        guard let challenge = try? TenantJSON.decode(MFAChallenge.Members.self, from: json).challenge,
            let raw = try? TenantJSON.decode(Raw.self, from: json)
        else { return nil }
        self.challenge = challenge
        secret = (raw.secret?.value).map(Self.shown)
        barcodeURI = (raw.barcodeURI?.value).map(Self.shown)
        recoveryCodes = (raw.recoveryCodes?.value ?? []).prefix(Self.codeLimit).compactMap(\.value).map(Self.shown)
        if challenge == .otp, secret == nil, barcodeURI == nil { return nil }
    }

    /// All of it is shown to the person; a picture's text may be long.
    private static func shown(_ text: String) -> Secret {
        Secret(TenantText.printable(text, limit: 4000, byteLimit: 8192))
    }

    private struct Raw: Decodable {
        var secret: Lenient<String>?
        var barcodeURI: Lenient<String>?
        var recoveryCodes: Lenient<[Lenient<String>]>?

        enum CodingKeys: String, CodingKey {
            case secret
            case barcodeURI = "barcode_uri"
            case recoveryCodes = "recovery_codes"
        }
    }
}
