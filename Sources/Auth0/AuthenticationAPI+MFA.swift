import FoundationEssentials
import NIOHTTP1

/// The MFA API (Auth0: "Multi-factor Authentication API", "Manage Authentication Factors with the MFA API").
extension AuthenticationAPI {
    /// The audience by whose access tokens a person's factors are managed.
    package var mfaAudience: String { issuer.endpoint("mfa/") }

    /// The scopes of ``mfaAudience``. Asking for it makes the tenant demand a second factor of everybody who has one.
    package static let mfaScopes = ["enroll", "read:authenticators", "remove:authenticators"]

    /// The person's active factors.
    ///
    /// - Parameter bearer: an `mfa_token`, or an access token for ``mfaAudience``.
    package func authenticators(_ bearer: Secret) async throws(Auth0Error) -> [Authenticator] {
        let answer = try await send(.GET, "mfa/authenticators", headers: Self.authorization(bearer))
        guard answer.status == 200 else { throw Auth0Error(answer, to: .authenticators, now: now()) }
        guard let list = Authenticator.list(json: answer.body) else {
            throw Self.unreadable(answer.body, "the list of authenticators cannot be read")
        }
        return list
    }

    /// Has a factor challenged, which sends its message or notification; a newer challenge makes older ones worthless.
    package func challenge(
        _ authenticator: Authenticator, mfaToken: Secret
    ) async throws(Auth0Error) -> MFAChallenge {
        let answer = try await post(
            "mfa/challenge",
            [
                "mfa_token": .string(mfaToken.revealed),
                "challenge_type": .string(authenticator.kind.authenticatorType),
                "authenticator_id": .string(authenticator.id),
            ])
        return try challenge(in: answer, of: authenticator.kind)
    }

    func challenge(in answer: HTTPTransport.Answer, of kind: Authenticator.Kind) throws(Auth0Error) -> MFAChallenge {
        guard answer.status == 200 else { throw Auth0Error(answer, to: .challenge, now: now()) }
        // What does not decode breaks the protocol.
        guard let members = try? TenantJSON.decode(MFAChallenge.Members.self, from: answer.body),
            let challenge = members.challenge(ofType: kind.authenticatorType)
        else { throw Self.unreadable(answer.body, "the answer to the challenge cannot be read") }
        return challenge
    }

    /// Begins to set up a factor; ``prove(_:mfaToken:)`` of what it answers confirms it.
    ///
    /// - Parameter bearer: an `mfa_token` if the person has no active factor, else an access token for ``mfaAudience``.
    package func associate(_ enrollment: MFAEnrollment, _ bearer: Secret) async throws(Auth0Error) -> MFAAssociation {
        try association(in: try await post("mfa/associate", enrollment.members, bearer: bearer), of: enrollment)
    }

    func association(
        in answer: HTTPTransport.Answer, of enrollment: MFAEnrollment
    ) throws(Auth0Error) -> MFAAssociation {
        guard answer.status == 200 else { throw Auth0Error(answer, to: .associate, now: now()) }
        guard let association = MFAAssociation(json: answer.body),
            (association.challenge == .otp) == (enrollment == .otp)
        else {
            throw Self.unreadable(answer.body, "the answer to the enrolment cannot be read")
        }
        return association
    }

    /// Proves a factor, for the tokens that the request asked for which was answered with the `mfa_token`.
    package func prove(_ proof: MFAProof, mfaToken: Secret) async throws(Auth0Error) -> TokenResponse {
        var members = proof.members
        members["mfa_token"] = .string(mfaToken.revealed)
        return try await token(members, call: proof.call)
    }

    /// Takes a factor away from the person.
    ///
    /// - Parameter bearer: an access token for ``mfaAudience``; an `mfa_token` is not enough.
    package func removeAuthenticator(_ id: String, _ bearer: Secret) async throws(Auth0Error) {
        try checkRemoval(
            try await send(
                .DELETE, "mfa/authenticators/" + Self.percentEncoded(id), headers: Self.authorization(bearer)))
    }

    func checkRemoval(_ answer: HTTPTransport.Answer) throws(Auth0Error) {
        guard (200..<300).contains(answer.status) else { throw Auth0Error(answer, to: .removal, now: now()) }
        guard answer.body.isEmpty || Self.isJSONObject(answer.body) else {
            throw Auth0Error(.notJSON, "something answered with a page instead of JSON", hint: Hint.captivePortal)
        }
    }

    /// What an answer of success is that does not say what it should: a page is a captive portal's, and the tenant was not asked.
    private static func unreadable(_ body: [UInt8], _ detail: String) -> Auth0Error {
        struct Anything: Decodable {
            init(from decoder: any Decoder) {}
        }
        // Not decodable: no JSON.
        guard (try? TenantJSON.decode(Anything.self, from: body)) != nil else {
            return Auth0Error(
                .notJSON, "something answered with a page instead of JSON", hint: Hint.captivePortal)
        }
        return Auth0Error(.protocolViolation, detail)
    }

    /// Identifiers hold a vertical bar, which no path may (RFC 3986, section 3.3); all but its unreserved characters are encoded.
    private static func percentEncoded(_ text: String) -> String {
        text.utf8.map { byte in
            let character = Character(Unicode.Scalar(byte))
            let isUnreserved =
                character.isASCII && (character.isLetter || character.isNumber || "-._~".contains(character))
            let digits = String(byte, radix: 16, uppercase: true)
            return isUnreserved ? String(character) : "%" + (digits.count == 1 ? "0" : "") + digits
        }.joined()
    }
}
