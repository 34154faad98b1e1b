import DevTenant
import TestSupport
import Testing

@Suite("Setting up a second factor at sign-in")
struct EnrollmentTests {
    /// A factor as it is set up.
    struct Kind: Sendable, CustomTestStringConvertible {
        var enroll: JSON
        /// Where a code is sent to, if one is.
        var address: String?
        /// What is active at the tenant then, beside a recovery code.
        var active: Set<Authenticator.Kind>

        static let phone: Set<Authenticator.Kind> = [.sms, .voice]
        var channel: String? { enroll["channel"]?.string ?? (active == [.email] ? "email" : nil) }
        var testDescription: String { enroll.text }
    }

    private static let kinds = [
        Kind(enroll: ["type": "otp"], active: [.otp]),
        Kind(
            enroll: ["type": "phone", "phone_number": .string(Reachable.phone), "channel": "sms"],
            address: Reachable.phone, active: Kind.phone),
        Kind(
            enroll: ["type": "phone", "phone_number": .string(Reachable.phone), "channel": "voice"],
            address: Reachable.phone, active: Kind.phone),
        Kind(
            enroll: ["type": "email", "email": .string(Reachable.mailbox)], address: Reachable.mailbox,
            active: [.email]),
        Kind(enroll: ["type": "push-notification"], active: [.push, .otp]),
    ]

    @Test("each kind is confirmed, then active; what is secret stands in one answer alone", arguments: kinds)
    func enrolls(_ kind: Kind) async throws {
        try await withFactors([]) { agent in
            let (login, _) = try await agent.startSecondFactor()
            let step = try await login.answer(["enroll": kind.enroll])
            #expect(step["kind"] == "enroll_confirm" && step["type"] == kind.enroll["type"])
            #expect(step["types"] == ["otp", "phone", "push-notification", "email"])
            #expect(step["channel"]?.string == kind.channel)
            #expect((step["uri"] != nil) == (kind.address == nil))
            #expect((step["secret"] != nil) == (kind.active == [.otp]))
            #expect((step["sent_to"] != nil) == (kind.address != nil))
            let codes = try #require(step["recovery_codes"]?.array)
            #expect(codes.count == 1)
            let shown = try await login.step()
            #expect(shown["kind"] == "enroll_confirm")
            #expect(shown["secret"] == nil && shown["uri"] == nil && shown["recovery_codes"] == nil)
            #expect(await agent.activeFactors().isEmpty)

            let end = try await confirm(kind, step, login, agent)
            #expect(end["kind"] == "signed_in")
            #expect(await agent.activeFactors() == kind.active.union([.recoveryCode]))
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")

            // The recovery code that was shown is the one that counts.
            let (next, asked) = try await agent.startSecondFactor()
            #expect(asked["kind"] != "enroll")
            #expect(try await next.answer(["recovery_code": codes[0]])["kind"] == "signed_in")
        }
    }

    private func confirm(
        _ kind: Kind, _ step: JSON, _ login: Login, _ agent: RunningAgent
    ) async throws -> JSON {
        if let address = kind.address {
            #expect(step["sent_to"]?.string?.contains(address) == false)
            return try await login.answer(code: agent.tenant.nextCode(for: address))
        }
        let uri = try #require(step["uri"]?.string)
        #expect(uri.hasPrefix("otpauth://totp/"))
        guard let secret = step["secret"]?.string else {
            try await agent.tenant.approvePush(for: RunningAgent.person)
            return try await login.stepAfter("enroll_confirm")
        }
        #expect(uri.contains("secret=\(secret)"))
        return try await login.answer(code: oathtoolCode(secret))
    }

    @Test("who changes their mind sets up something else, and the recovery code shown first counts")
    func wayBack() async throws {
        try await withFactors([]) { agent in
            let (login, _) = try await agent.startSecondFactor()
            let first = try await login.answer(["enroll": ["type": "otp"]])
            let recovery = try #require(first["recovery_codes"]?.array?.first)
            let second = try await login.answer([
                "enroll": ["type": "phone", "phone_number": .string(Reachable.phone)]
            ])
            #expect(second["kind"] == "enroll_confirm" && second["channel"] == "sms")
            #expect(second["secret"] == nil && second["recovery_codes"] == nil)
            let end = try await login.answer(code: agent.tenant.nextCode(for: Reachable.phone))
            #expect(end["kind"] == "signed_in")
            #expect(await agent.activeFactors() == [.sms, .voice, .recoveryCode])
            let (next, _) = try await agent.startSecondFactor()
            #expect(try await next.answer(["recovery_code": recovery])["kind"] == "signed_in")
        }
    }

    @Test("a wrong code leaves the set-up as it was")
    func wrongCode() async throws {
        try await withFactors([]) { agent in
            let (login, _) = try await agent.startSecondFactor()
            let step = try await login.answer(["enroll": ["type": "otp"]])
            let code = try await oathtoolCode(#require(step["secret"]?.string))
            #expect(try await login.refusal(of: ["code": .string(wrong(code))])?.code == 1008)
            #expect(try await login.step()["kind"] == "enroll_confirm")
            #expect(try await login.answer(code: code)["kind"] == "signed_in")
        }
    }

    @Test("what cannot be set up is said, and something else can be")
    func refused() async throws {
        try await withFactors([], .demandingMFA { $0.requirements = .factors }) { agent in
            let (login, step) = try await agent.startSecondFactor()
            #expect(try await login.refusal(of: ["code": "123456"])?.code == 1013)
            let refused: [JSON] = [
                ["type": "phone"], ["type": "phone", "phone_number": "0151 5550100"],
                ["type": "phone", "phone_number": .string(Reachable.phone), "channel": "pigeon"],
                ["type": "email", "email": .string(Reachable.mailbox)], ["type": "recovery-code"],
            ]
            for enroll in refused {
                #expect(try await login.refusal(of: ["enroll": enroll])?.code == -32602, "\(enroll.text)")
            }
            #expect(await agent.tenant.requests(to: .associate).isEmpty)
            #expect(try await login.step() == step)
            #expect(try await login.answer(["enroll": ["type": "otp"]])["kind"] == "enroll_confirm")
        }
    }

    @Test("an application that brings no recovery codes shows none")
    func withoutRecoveryCodes() async throws {
        try await withFactors([], .demandingMFA { $0.givesRecoveryCodes = false }) { agent in
            let (login, _) = try await agent.startSecondFactor()
            let step = try await login.answer(["enroll": ["type": "otp"]])
            #expect(step["secret"] != nil && step["recovery_codes"] == nil)
        }
    }
}
