import Foundation
import HTTPTypes

/// `POST /mfa/challenge`: names the factor to prove, and sends its message.
extension DevTenant {
    private static let challengeParameters = ClientAuthentication.parameters.union([
        "mfa_token", "challenge_type", "authenticator_id", "oob_channel",
    ])

    func challenge(_ call: Call) async throws -> Answer {
        let parameters = try call.parameters
        try refuseUnknownParameters(parameters, known: Self.challengeParameters)
        let client = try await tokenClient(call, parameters)
        let (session, user) = try mfaSession(parameters, client: client, spent: .spentMFAToken)
        if session.isManagement { throw Refusal.malformedMFAToken }
        let authenticator = try challenged(user, parameters)
        var body: [String: JSON] = ["challenge_type": .string(authenticator.kind.type)]
        if authenticator.kind != .otp {
            body.merge(try send(to: authenticator, of: user, in: session, call)) { _, new in new }
        }
        return .json(200, .object(body), charset: true)
    }

    /// Sends a new message and gives the members of the answer that belong to it: `oob_code`, `binding_method`.
    func send(
        to authenticator: Authenticator, of user: User, in session: MFASession, _ call: Call
    ) throws -> [String: JSON] {
        try countMessage(authenticator.kind, of: user)
        let expires = now + options.mfa.challengeLifetime
        let oobCode = SealedToken.make(bytes: SealedToken.oobCodeBytes, expires: expires)
        secrets.add(.oobCode, oobCode)
        var body: [String: JSON] = ["oob_code": .string(oobCode)]
        var proof = OOBChallenge.Proof.push(nil)
        if authenticator.kind != .push {
            let code = RandomText.digits(6)
            secrets.add(.code, code)
            outbox.add(
                to: authenticator.value, connection: authenticator.kind.rawValue, code: code,
                language: call.headers[.requestLanguage] ?? call.headers[.acceptLanguage],
                forwardedFor: call.headers[.forwardedFor], at: now)
            proof = .code(code)
            body["binding_method"] = "prompt"
        }
        challenges.add(
            OOBChallenge(
                session: session.token, userID: user.id, authenticatorID: authenticator.id, expires: expires,
                proof: proof), code: oobCode)
        announce()
        return body
    }

    private func countMessage(_ kind: Authenticator.Kind, of user: User) throws {
        switch kind {
        case .sms, .voice:
            if count(\.texts, of: user).isExceeded { throw Refusal.tooManyTexts }
        case .email, .push:
            let state = count(kind == .push ? \.pushes : \.mails, of: user)
            if state.isExceeded { throw Limited(refusal: .tooManyRequests, headers: state.headers) }
        case .otp, .recoveryCode:
            break
        }
    }

    /// The authenticator that the parameters name, or the first that fits them.
    private func challenged(_ user: User, _ parameters: Parameters) throws -> Authenticator {
        let types = Scopes.list(parameters["challenge_type", default: "oob otp"])
        let active = user.authenticators.filter(\.isActive)
        guard user.isEnrolled else { throw Refusal.associationRequired }
        if let id = parameters["authenticator_id"] {
            guard let authenticator = active.first(where: { $0.id == id }) else {
                throw Refusal.authenticatorNotFound
            }
            let kind = authenticator.kind
            guard kind != .recoveryCode else { throw Refusal.unsupportedProvider(kind.rawValue) }
            guard types.contains(kind.type) else {
                throw Refusal.unsupportedChallengeType("No matching challenge_type for provider \(kind.rawValue)")
            }
            return authenticator
        }
        let fitting = active.filter { $0.kind != .recoveryCode && types.contains($0.kind.type) }
        if let channel = parameters["oob_channel"] {
            guard let authenticator = fitting.first(where: { $0.kind.channel == channel }) else {
                throw Refusal.unsupportedChallengeType("User is not enrolled with \(channel)")
            }
            return authenticator
        }
        guard let authenticator = fitting.first else {
            let supported = Self.distinct(active.filter { $0.kind != .recoveryCode }.map(\.kind.type))
            throw Refusal.unsupportedChallengeType(
                "The user does not support any of the requested challenge types "
                    + "(\(types.joined(separator: " "))). Supported type: \(supported.joined(separator: " "))")
        }
        return authenticator
    }
}
