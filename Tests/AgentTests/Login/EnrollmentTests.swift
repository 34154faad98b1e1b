import DevTenant
import Foundation
import PosternProtocol
import Testing

@testable import Agent

@Suite("Setting up the first factor at sign-in")
struct EnrollmentTests {
    /// Runs with a login that wants a factor of somebody who has none.
    private static func run(
        tenant edit: (inout Options) -> Void = { _ in },
        _ body: @escaping @Sendable (AgentFixture, LoginState) async throws -> Void
    ) async throws {
        try await AgentFixture.run(factors: [], tenant: edit) { fixture in
            try await body(fixture, try await fixture.passCode())
        }
    }

    @Test(
        "the types are those that the tenant names, or all if it names none",
        arguments: [
            (Options.MFA.Requirements.absent, ["otp", "phone", "push-notification", "email"]),
            (.factors, ["otp", "phone"]), (.challengeTypes, ["otp", "phone", "push-notification", "email"]),
        ])
    func types(requirements: Options.MFA.Requirements, types: [String]) async throws {
        try await Self.run(tenant: {
            $0.mfa.requirements = requirements
            $0.mfa.enrollment = [.sms, .voice, .otp]
        }) { _, login in
            #expect(login.step == .enroll(.init(types: types)))
        }
    }

    @Test("an app's key, picture and recovery code stand in the answer alone, and its code signs in")
    func otp() async throws {
        try await Self.run { fixture, login in
            let enrolled = try await fixture.enroll(.otp, login)
            let step = try #require(enrolled.step.enrollConfirm)
            let secret = try #require(step.secret)
            #expect(step.type == "otp")
            #expect(step.uri?.contains(secret) == true)
            #expect(step.recoveryCodes?.count == 1)
            #expect(step.types == ["otp", "phone", "push-notification", "email"])
            #expect(step.channel == nil && step.sentTo == nil && step.resendAt == nil)
            #expect(
                try await fixture.state(of: login).step
                    == .enrollConfirm(
                        {
                            var shown = LoginStep.EnrollConfirm(type: "otp")
                            shown.types = step.types
                            return shown
                        }()))
            #expect(await fixture.answerError(enrolled, code: "000000")?.code == .wrongCode)
            let end = try await fixture.answerTOTP(enrolled)
            #expect(end.step.kind == "signed_in")
            #expect(try await fixture.token().from == .cache)
            let text = String(decoding: try JSONEncoder().encode(try await fixture.state(of: login)), as: UTF8.self)
            #expect(!text.contains(secret))
        }
    }

    @Test(
        "a message goes to the address given, shown masked, and its code signs in",
        arguments: [
            (AnswerLogin.Enrollment.phone(), "sms", "***0100"), (.phone(channel: "voice"), "voice", "***0100"),
            (.email("ada@home.example"), "email", "a***@home.example"),
        ])
    func message(request: AnswerLogin.Enrollment, channel: String, sentTo: String) async throws {
        try await Self.run { fixture, login in
            let step = try #require(try await fixture.enroll(request, login).step.enrollConfirm)
            #expect(step.channel == channel)
            #expect(step.sentTo == sentTo)
            #expect(step.resendAt == fixture.clock.unixTime + 30)
            #expect(step.secret == nil && step.uri == nil)
            let code = try await fixture.tenant.nextCode(for: request.phoneNumber ?? request.email ?? "")
            #expect(try await fixture.answer(login, code: code).step.kind == "signed_in")
        }
    }

    @Test("a push app is confirmed by scanning its picture")
    func push() async throws {
        try await Self.run { fixture, login in
            let step = try #require(try await fixture.enroll(.push, login).step.enrollConfirm)
            #expect(step.uri?.hasPrefix("otpauth://") == true)
            #expect(await fixture.answerError(login, code: "1")?.code == .wrongStep)
            try await fixture.poll(1, after: 6)
            try await fixture.tenant.approvePush(for: AgentFixture.person)
            try await fixture.poll(2, after: 6)
            #expect(try await fixture.end(of: login).kind == "signed_in")
        }
    }

    @Test("another factor can be set up instead, and the questions about the first end")
    func another() async throws {
        try await Self.run { fixture, login in
            let push = try await fixture.enroll(.push, login)
            try await fixture.clock.sleeper(within: 6...6)
            let otp = try await fixture.enroll(.otp, push)
            #expect(otp.step.enrollConfirm?.type == "otp")
            fixture.clock.advance(by: 60)
            #expect(try await fixture.answerTOTP(otp).step.kind == "signed_in")
            #expect(await fixture.proofs.map(\.grant) == [.mfaOTP])
        }
    }

    @Test("a message is sent again after 30 seconds, 1007 before; for an app there is none")
    func resend() async throws {
        try await Self.run { fixture, login in
            let enrolled = try await fixture.enroll(.phone(), login)
            _ = try await fixture.tenant.nextCode(for: AgentFixture.phone)
            #expect(await fixture.resendError(login)?.code == .rateLimited)
            fixture.clock.advance(by: 30)
            let again = try await fixture.resend(login)
            #expect(again.revision > enrolled.revision)
            #expect(again.step.enrollConfirm?.resendAt == fixture.clock.unixTime + 30)
            let code = try await fixture.tenant.nextCode(for: AgentFixture.phone)
            _ = try await fixture.enroll(.otp, login)
            #expect(await fixture.resendError(login)?.code == .wrongStep)
            _ = code
        }
    }

    @Test(
        "what is wrong with the request is -32602, nothing is sent, and the login waits on",
        arguments: [
            (AnswerLogin.Enrollment(type: "sms"), nil), (.init(type: "recovery-code"), nil),
            (.phone(nil), "phone_number"),
            (.phone("015112345678"), "phone_number"), (.phone(channel: "pigeon"), nil), (.email("ada"), "email"),
            (.email(nil), "email"), (.init(type: ""), nil),
        ] as [(AnswerLogin.Enrollment, String?)])
    func invalid(request: AnswerLogin.Enrollment, missing: String?) async throws {
        try await Self.run { fixture, login in
            let error = await fixture.enrollError(request, login)
            #expect(error?.code == .invalidParams)
            #expect(error?.data.missing == missing.map { [$0] })
            #expect(await fixture.tenant.requests(to: .associate).isEmpty)
            let state = try await fixture.state(of: login)
            #expect(state == login)
        }
    }

    @Test("a type that the tenant does not name is -32602 with those that it does")
    func notOffered() async throws {
        try await Self.run(tenant: {
            $0.mfa.requirements = .factors
            $0.mfa.enrollment = [.otp]
        }) { fixture, login in
            let error = await fixture.enrollError(.push, login)
            #expect(error?.code == .invalidParams)
            #expect(error?.data.hint == "It can be one of: otp.")
        }
    }

    @Test(
        "what the tenant does not take is -32602, and the login waits on",
        arguments: [
            (Fault.refusal(400, "invalid_request", "The phone number is invalid."), ["phone_number"]),
            (.refusal(400, "invalid_request", "Unsupported multifactor provider: sms"), nil),
            (.refusal(400, "access_denied", "User is already enrolled."), nil),
        ] as [(Fault, [String]?)])
    func refused(fault: Fault, missing: [String]?) async throws {
        try await Self.run { fixture, login in
            await fixture.tenant.order(fault, at: .associate)
            let error = await fixture.enrollError(.phone(), login)
            #expect(error?.code == .invalidParams)
            #expect(error?.data.missing == missing)
            let next = try await fixture.enroll(.otp, login)
            #expect(next.step.kind == "enroll_confirm")
        }
    }

    @Test("a page in the place of the tenant's answer is 1006, and the login waits on")
    func captivePortal() async throws {
        try await Self.run { fixture, login in
            await fixture.tenant.order(.page(200), at: .associate)
            #expect(await fixture.enrollError(.otp, login)?.code == .offline)
            let next = try await fixture.enroll(.otp, login)
            #expect(next.step.kind == "enroll_confirm")
        }
    }

    @Test("a code, a factor or a recovery code where a factor is to be set up is 1013")
    func wrongStep() async throws {
        try await Self.run { fixture, login in
            for _ in 1...2 {
                #expect(await fixture.chooseError("totp|1", login)?.code == .wrongStep)
                #expect(await fixture.answerError(login, recoveryCode: "X")?.code == .wrongStep)
                _ = try await fixture.enroll(.otp, login)
            }
            try await fixture.cancel(login)
        }
        try await Self.run { fixture, login in
            #expect(await fixture.answerError(login, code: "1")?.code == .wrongStep)
        }
    }
}
