import PosternProtocol
import Testing

@Suite("Steps of a login on the wire")
struct LoginStepTests {
    private static let factor = Factor(id: "sms|1", type: .phone, channel: "sms", name: "XXX1234")
    private static let factorText = #"{"channel":"sms","id":"sms|1","name":"XXX1234","type":"phone"}"#

    private static var signedIn: LoginStep.SignedIn {
        var value = LoginStep.SignedIn(
            account: Account(sub: "email|1", email: "a@b.c", phoneNumber: "+1", name: "Ada"), expiresAt: 7,
            refreshable: true)
        value.recoveryCode = "R"
        value.recoveryCodes = ["S"]
        return value
    }

    static let steps: [(LoginStep, String)] = [
        (
            .code(.init(channel: "email", sentTo: "a***@b.c", resendAt: 1, codeExpiresAt: 2)),
            #"{"channel":"email","code_expires_at":2,"kind":"code","resend_at":1,"sent_to":"a***@b.c"}"#
        ),
        (.link(.init(sentTo: "a***@b.c")), #"{"kind":"link","sent_to":"a***@b.c"}"#),
        (.chooseFactor(.init(factors: [factor])), #"{"factors":[\#(factorText)],"kind":"choose_factor"}"#),
        (
            .factorCode(.init(factor: factor, sentTo: "***34", resendAt: 3, factors: [factor])),
            #"{"factor":\#(factorText),"factors":[\#(factorText)],"kind":"factor_code","resend_at":3,"sent_to":"***34"}"#
        ),
        (.factorCode(.init(factor: factor)), #"{"factor":\#(factorText),"kind":"factor_code"}"#),
        (.push(.init(factor: factor)), #"{"factor":\#(factorText),"kind":"push"}"#),
        (.recoveryCode(.init()), #"{"kind":"recovery_code"}"#),
        (.enroll(.init(types: ["otp", "phone"])), #"{"kind":"enroll","types":["otp","phone"]}"#),
        (
            .enrollConfirm(.init(type: "otp", secret: "S", uri: "otpauth://x", channel: "sms", recoveryCodes: ["R"])),
            #"{"channel":"sms","kind":"enroll_confirm","recovery_codes":["R"],"secret":"S","type":"otp","uri":"otpauth://x"}"#
        ),
        (
            .signedIn(signedIn),
            #"{"account":{"email":"a@b.c","name":"Ada","phone_number":"+1","sub":"email|1"},"expires_at":7,"#
                + #""kind":"signed_in","recovery_code":"R","recovery_codes":["S"],"refreshable":true}"#
        ),
        (
            .failed(AgentError(.codeExpired, "Too late.")),
            #"{"code":1009,"data":{"reason":"code_expired","retryable":false},"kind":"failed","message":"Too late."}"#
        ),
    ]

    @Test("each kind has the contract's members and comes back", arguments: 0..<11)
    func kinds(index: Int) throws {
        #expect(Self.steps.count == 11)
        try expectWire(Self.steps[index].0, Self.steps[index].1)
    }

    @Test("a kind that nobody knows is refused")
    func unknown() {
        #expect(throws: DecodingError.self) { try unwire(#"{"kind":"dance"}"#, as: LoginStep.self) }
        #expect(throws: DecodingError.self) { try unwire("{}", as: LoginStep.self) }
    }

    @Test("a login's state")
    func state() throws {
        try expectWire(
            LoginState(loginID: "x", profile: "work", revision: 2, expiresAt: 9, step: .recoveryCode(.init())),
            #"{"expires_at":9,"login_id":"x","profile":"work","revision":2,"step":{"kind":"recovery_code"}}"#)
    }

    @Test(
        "the types of factors",
        arguments: [
            (Factor.Kind.otp, "otp"), (.phone, "phone"), (.email, "email"), (.push, "push-notification"),
            (.recoveryCode, "recovery-code"),
        ])
    func factors(kind: Factor.Kind, name: String) throws {
        try expectWire(Factor(id: "x", type: kind), #"{"id":"x","type":"\#(name)"}"#)
    }
}
