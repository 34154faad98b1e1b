import Foundation
import HTTPTypes

/// `POST /mfa/associate`: begins the enrolment of an authenticator, which a grant of `/oauth/token` then confirms.
extension DevTenant {
    private static let tenantName = "Development Tenant"
    private static let associateParameters = ClientAuthentication.parameters.union([
        "authenticator_types", "oob_channels", "phone_number", "email",
    ])

    func associate(_ call: Call) async throws -> Answer {
        let parameters = try call.parameters
        try refuseUnknownParameters(parameters, known: Self.associateParameters)
        // Optional here: half of the SDKs send no client_id.
        let client = parameters["client_id"] == nil ? nil : try await tokenClient(call, parameters)
        let (session, user) = try mfaBearer(call, scope: "enroll")
        if let client, client.id != session.clientID { throw Refusal.foreignMFAToken }
        if user.isEnrolled, !session.isManagement { throw Refusal.alreadyEnrolled }

        var authenticator = try newAuthenticator(parameters)
        authenticator.isActive = false
        authenticator.enrolledWith = session.token
        var body = channelMember(of: authenticator.kind)
        body["authenticator_type"] = .string(authenticator.kind.type)
        switch authenticator.kind {
        case .otp:
            body["secret"] = .string(authenticator.value)
            body["barcode_uri"] = .string(
                Self.barcode(
                    user,
                    "secret=\(authenticator.value)&issuer=\(Self.tenantName.percentEncoded)"
                        + "&algorithm=SHA1&digits=\(TOTP.digits)&period=\(TOTP.period)"))
        case .push:
            let transaction = RandomText.alphanumeric(32)
            secrets.add(.enrollment, transaction)
            body["barcode_uri"] = .string(
                Self.barcode(
                    user, "enrollment_tx_id=\(transaction)&base_url=\((issuer + "guardian").percentEncoded)"))
            body.merge(try send(to: authenticator, of: user, in: session, call)) { _, new in new }
        case .sms, .voice, .email, .recoveryCode:
            body.merge(try send(to: authenticator, of: user, in: session, call)) { _, new in new }
        }
        var added = [authenticator] + Self.siblings(of: authenticator)
        if options.mfa.givesRecoveryCodes, !user.authenticators.contains(where: { $0.kind == .recoveryCode }) {
            let recovery = Authenticator(.recoveryCode, isActive: false)
            body["recovery_codes"] = [.string(recovery.value)]
            added.append(recovery)
        }
        add(added, to: user)
        return .json(200, .object(body), charset: true)
    }

    /// Adds authenticators to those a person has, and their secrets to the ledger.
    func add(_ authenticators: [Authenticator], to user: User) {
        for authenticator in authenticators {
            switch authenticator.kind {
            case .otp: secrets.add(.totpSecret, authenticator.value)
            case .recoveryCode: secrets.add(.recoveryCode, authenticator.value)
            case .sms, .voice, .email, .push: break
            }
        }
        users.update(user.id) { $0.authenticators += authenticators }
        announce()
    }

    /// What comes along on the same device: the other channel of a phone, the passwords of the push app.
    private static func siblings(of authenticator: Authenticator) -> [Authenticator] {
        let kind: Authenticator.Kind
        switch authenticator.kind {
        case .sms: kind = .voice
        case .voice: kind = .sms
        case .push: kind = .otp
        case .otp, .email, .recoveryCode: return []
        }
        return [
            Authenticator(
                kind, kind == .otp ? nil : authenticator.value, isActive: false, device: authenticator.device)
        ]
    }

    private func newAuthenticator(_ parameters: Parameters) throws -> Authenticator {
        guard let types = parameters.values["authenticator_types"] else {
            throw Self.missing("authenticator_types")
        }
        let kind: Authenticator.Kind
        switch types {
        case ["otp"]:
            kind = .otp
        case ["oob"]:
            guard let channel = parameters.values["oob_channels"]?.array?.first?.string else {
                throw Self.missing("oob_channels")
            }
            guard let known = Authenticator.Kind(channel: channel) else {
                throw Refusal.unsupportedProvider(channel)
            }
            kind = known
        default:
            throw Refusal.invalidRequest("authenticator_types must be [\"otp\"] or [\"oob\"]")
        }
        guard options.mfa.enrollment.contains(kind) else { throw Refusal.unsupportedProvider(kind.rawValue) }
        switch kind {
        case .sms, .voice:
            guard let number = parameters["phone_number"] else { throw Self.missing("phone_number") }
            guard Address(number, in: .sms) != nil else {
                throw Refusal.invalidRequest("The phone number is invalid.")
            }
            return Authenticator(kind, number)
        case .email:
            guard let email = parameters["email"] else { throw Self.missing("email") }
            guard Address(email, in: .email) != nil else {
                throw Refusal.invalidRequest("The e-mail address is invalid.")
            }
            return Authenticator(kind, email)
        case .otp, .push, .recoveryCode:
            return Authenticator(kind)
        }
    }

    /// The text of the picture that an authenticator app scans.
    private static func barcode(_ user: User, _ query: String) -> String {
        "otpauth://totp/\(tenantName.percentEncoded):\(user.address.value.percentEncoded)?\(query)"
    }
}
