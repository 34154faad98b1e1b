import DevTenant
import TestSupport
import Testing

/// Sources disagree about what the MFA API says: every shape has to do.
@Suite("Shapes of the demand for a second factor")
struct FactorShapeTests {
    struct Shape: Sendable, CustomTestStringConvertible {
        var requirements: Options.MFA.Requirements
        var listsTypes = false
        var channel = Options.MFA.ChannelMember.singular
        var status = 403

        var options: Options {
            .demandingMFA {
                $0.requirements = requirements
                $0.listsTypes = listsTypes
                $0.channelMember = channel
                $0.requiredStatus = status
            }
        }

        var testDescription: String { "\(requirements), types \(listsTypes), channel \(channel), \(status)" }
    }

    private static let shapes = [
        Shape(requirements: .absent), .init(requirements: .absent, channel: .plural, status: 401),
        .init(requirements: .factors, listsTypes: true, channel: .list),
        .init(requirements: .factors, channel: .plural, status: 401),
        .init(requirements: .challengeTypes, channel: .list, status: 401),
        .init(requirements: .challengeTypes, listsTypes: true),
    ]

    private static let enrolled = [
        Authenticator(.otp, isActive: false, device: "dev_old"), .init(.otp, device: "dev_app"),
        .init(.sms, Reachable.phone, device: "dev_phone"), .init(.voice, Reachable.phone, device: "dev_phone"),
        .init(.push, device: "dev_push", name: "Ada's phone"), .init(.push, isActive: false, device: "dev_push"),
        .init(.email, Reachable.mailbox, device: "dev_mail"), .init(.recoveryCode, device: "dev_paper"),
    ]

    @Test("the active factors can be chosen, each once", arguments: shapes)
    func factors(_ shape: Shape) async throws {
        try await withFactors(Self.enrolled, shape.options) { agent in
            let (login, step) = try await agent.startSecondFactor()
            #expect(step["kind"] == "choose_factor")
            #expect(
                step["factors"] == [
                    ["id": "totp|dev_app", "type": "otp"],
                    ["id": "sms|dev_phone", "type": "phone", "channel": "sms", "name": "XXXXX0100"],
                    ["id": "voice|dev_phone", "type": "phone", "channel": "voice", "name": "XXXXX0100"],
                    ["id": "push|dev_push", "type": "push-notification", "name": "Ada's phone"],
                    ["id": "email|dev_mail", "type": "email", "channel": "email", "name": "***@home********"],
                    ["id": "recovery-code|dev_paper", "type": "recovery-code"],
                ])
            try await login.answer(["factor": "voice|dev_phone"])
            let message = try await agent.tenant.nextMessage(for: Reachable.phone)
            #expect(message.connection == "voice")
            #expect(try await login.answer(code: message.code)["kind"] == "signed_in")
        }
    }

    @Test("a factor can be set up where there is none", arguments: shapes)
    func enrollment(_ shape: Shape) async throws {
        try await withFactors([], shape.options) { agent in
            let (login, step) = try await agent.startSecondFactor()
            #expect(step["kind"] == "enroll")
            // E-mail is not among what customizable MFA offers.
            let email: [JSON] = shape.requirements == .factors ? [] : ["email"]
            #expect(step["types"] == .array(["otp", "phone", "push-notification"] + email))
            try await login.answer(["enroll": ["type": "phone", "phone_number": .string(Reachable.phone)]])
            let code = try await agent.tenant.nextCode(for: Reachable.phone)
            #expect(try await login.answer(code: code)["kind"] == "signed_in")
        }
    }

    @Test("what the tenant names to be proven is all that can be chosen")
    func narrowed() async throws {
        try await withFactors(Self.enrolled) { agent in
            let narrow: JSON = ["challenge": [["type": "email"], ["type": "webauthn-roaming"]]]
            await agent.tenant.order(
                .members(["mfa_requirements": narrow]), at: .token, grant: .passwordlessOTP)
            let (login, step) = try await agent.startSecondFactor()
            #expect(step["kind"] == "factor_code" && step["factor"]?["id"] == "email|dev_mail")
            #expect(step["factors"]?.array?.count == 1)
            let code = try await agent.tenant.nextCode(for: Reachable.mailbox)
            #expect(try await login.answer(code: code)["kind"] == "signed_in")
        }
    }

    @Test("a demand at refresh is known by its error", arguments: shapes)
    func atRefresh(_ shape: Shape) async throws {
        try await withFactors(Self.enrolled, shape.options) { agent in
            await agent.tenant.setMFAPolicy(.never)
            try await agent.signIn()
            await agent.tenant.setMFAPolicy(.refresh)
            let refusal = try await agent.refusal(of: "token.get", ["force": true])
            #expect(refusal?.code == 1011)
            #expect(refusal?.data["login"]?["step"]?["factors"]?.array?.count == 6)
        }
    }
}
