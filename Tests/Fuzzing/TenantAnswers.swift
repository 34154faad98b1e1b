import CryptoExtras
import Foundation
import NIOHTTP1
import OutsideInput

@testable import Auth0

/// Answers of a tenant, or of whoever answers in its place.
enum TenantAnswers {
    private static let calls: [Call] = [
        .start, .exchange, .refresh, .revoke, .lookup, .authenticators, .challenge, .associate, .removal, .otp, .oob,
        .recoveryCode,
    ]

    static func readError(_ bytes: [UInt8]) {
        guard let answer = answer(bytes) else { return }
        for call in calls {
            checkError(Auth0Error(answer, to: call, now: Date(timeIntervalSince1970: Double(FixedClock.seconds))))
        }
    }

    /// A status, lines of headers, an empty line and the body.
    private static func answer(_ bytes: [UInt8]) -> HTTPTransport.Answer? {
        var lines = bytes.split(
            separator: UInt8(ascii: "\n"), maxSplits: 16, omittingEmptySubsequences: false)[...]
        // Others end the connection (PossibleStatusHandler).
        guard let status = lines.popFirst().flatMap({ Int(text($0)) }), (100...999).contains(status) else {
            return nil
        }
        var headers = HTTPHeaders()
        while let line = lines.popFirst(), !line.isEmpty {
            let parts = text(line).split(separator: ":", maxSplits: 1).map(String.init)
            // NIO's parser lets no other names through.
            if parts.count == 2, parts[0].utf8.allSatisfy({ $0 < 0x80 }) {
                headers.add(name: parts[0], value: String(parts[1].drop { $0 == " " }))
            }
        }
        let body = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
        return HTTPTransport.Answer(status: status, headers: headers, body: body)
    }

    /// Answers that say that something was done.
    static func readSuccess(_ bytes: [UInt8]) {
        guard let answer = answer(bytes), let api = SilentTenant.api else { return }
        let isObject = AuthenticationAPI.isJSONObject(answer.body)
        if accepts({ () throws(Auth0Error) in try api.checkStart(answer) }) {
            check(answer.body.isEmpty || isObject, "no page has had a code sent")
        }
        if accepts({ () throws(Auth0Error) in try api.checkRemoval(answer) }) {
            check(answer.body.isEmpty || isObject, "no page has removed a factor")
        }
        if accepts({ () throws(Auth0Error) in try api.checkRevocation(answer) }) {
            let words = answer.body.filter { !" \r\n".utf8.contains($0) }
            let isDone = words.isEmpty || words == Array("OK".utf8) || isObject
            check(answer.status == 200 && isDone, "no page has revoked a token")
        }
        for kind in Authenticator.Kind.allCases {
            accepts { () throws(Auth0Error) in
                let challenge = try api.challenge(in: answer, of: kind)
                check((challenge == .otp) == (kind == .otp), "a challenge is of the factor that was asked for")
            }
        }
        for enrollment in [MFAEnrollment.otp, .push, .sms("+4930123456"), .email("ada@example.com")] {
            accepts { () throws(Auth0Error) in
                let association = try api.association(in: answer, of: enrollment)
                check((association.challenge == .otp) == (enrollment == .otp), "a factor is the one that was asked for")
            }
        }
        for call in [Call.exchange, .refresh, .otp, .oob, .recoveryCode] {
            accepts { () throws(Auth0Error) in
                let response = try api.tokens(in: answer, to: call)
                check((200..<300).contains(answer.status), "tokens come with success")
                check(response.accessToken.isBearerToken, "a token can be sent")
            }
        }
    }

    @discardableResult
    private static func accepts(_ look: () throws(Auth0Error) -> Void) -> Bool {
        do throws(Auth0Error) {
            try look()
            return true
        } catch {
            checkError(error)
            return false
        }
    }

    private static func checkError(_ error: Auth0Error) {
        for text in [error.detail, error.error, error.description, error.hint] { checkShown(text, "an error") }
        switch error.kind {
        case .rateLimited(let wait): check(wait.map((0...86_400).contains) ?? true, "a wait is in its range")
        case .mfaRequired(let requirement): checkRequirement(requirement)
        default: break
        }
    }

    private static func checkRequirement(_ requirement: MFARequirement) {
        check(!requirement.token.revealed.isEmpty, "there is an mfa_token")
        for kinds in [requirement.challenge, requirement.challengeTypes, requirement.enroll] {
            check((kinds ?? []).count <= 32, "there are few kinds")
        }
    }

    static func readMFA(_ bytes: [UInt8]) {
        // What does not decode breaks the protocol.
        _ = try? TenantJSON.decode(MFAChallenge.Members.self, from: bytes).challenge
        if let association = MFAAssociation(json: bytes) {
            let texts = [association.secret, association.barcodeURI].compactMap(\.self) + association.recoveryCodes
            for text in texts { checkShown(text.revealed, "a secret") }
            check(association.recoveryCodes.count <= 32, "there are few recovery codes")
        }
        if let requirement = MFARequirement(json: bytes) { checkRequirement(requirement) }
        guard let authenticators = Authenticator.list(json: bytes) else { return }
        check(authenticators.count <= 100, "there are few authenticators")
        check(Set(authenticators.map(\.id)).count == authenticators.count, "each stands there once")
        for authenticator in authenticators {
            checkShown(authenticator.id, "an identifier")
            checkShown(authenticator.name, "a name")
        }
    }

    static func readDiscovery(_ bytes: [UInt8]) {
        // What does not decode breaks the protocol.
        guard let discovery = try? TenantJSON.decode(Discovery.self, from: bytes) else { return }
        checkShown(TenantText.printable(discovery.issuer), "an issuer")
    }

    static func readKeySet(_ bytes: [UInt8]) {
        guard let keys = KeySet(json: bytes), let key = keys.key("1") else { return }
        check((2048...8192).contains(key.keySizeInBits), "a key has a size that is used")
    }
}
