import Glibc
import PosternProtocol
import Testing

@testable import postern

@Suite("the set-up of a second factor")
struct EnrollmentTests {
    private static let types = #","types":["otp","phone","email","push-notification"]"#
    private static let key = #","secret":"JBSWY3DPEHPK3PXP","uri":"otpauth://totp/a?secret=JBSWY3DPEHPK3PXP""#
    private static let everyType = Session.Reply.enroll("otp", "phone", "email", "push-notification")

    @Test("what can be set up is a list in which a phone is two entries, and the key can be typed in by hand")
    func authenticatorApp() throws {
        let session = Session(
            script: [
                .start(.code()), .answer(Self.everyType), .answer(.enrollConfirm("otp", Self.key + Self.types)),
                .answer(.refusal(1008, "The code is wrong.")), .answer(.signedIn),
            ], input: .text("123456\notp\n111111\n222222\n"))
        let ending = try session.run("login")
        #expect(ending.status == 0)
        #expect(ending.output.isEmpty)
        #expect(
            ending.words.contains(
                """
                The tenant wants a second factor to be set up.
                  1  authenticator app
                  2  text message
                  3  phone call
                  4  e-mail
                  5  push notification
                Which one (1-5): 
                """))
        #expect(ending.words.contains("\n  JBSW Y3DP EHPK 3PXP\n"))
        #expect(ending.words.contains("A terminal that is wide enough"))
        #expect(ending.words.contains("The authenticator app is set up.\nSigned in as"))
        #expect(
            ending.params.dropFirst(2) == [.enroll("otp"), .answer("code", "111111"), .answer("code", "222222")])
    }

    @Test(
        "a number or an address is asked for where it is needed",
        arguments: [
            ("2\n+4915112345678", .enroll("phone", ["channel": "sms", "phone_number": "+4915112345678"])),
            ("sms\n\n+49151", .enroll("phone", ["channel": "sms", "phone_number": "+49151"])),
            ("voice\n+49151", .enroll("phone", ["channel": "voice", "phone_number": "+49151"])),
            ("email\na@b.example", .enroll("email", ["email": "a@b.example"])),
            ("push", .enroll("push-notification")), ("push-notification", .enroll("push-notification")),
        ] as [(String, JSONValue)])
    func address(typed: String, answer: JSONValue) throws {
        let session = Session(script: [.start(Self.everyType), .answer(.signedIn)], input: .text(typed + "\n"))
        let ending = try session.run("login")
        #expect(ending.status == 0)
        #expect(ending.params.last == answer)
    }

    @Test("a number that is refused is asked for again")
    func refusedAddress() throws {
        let refusal = Session.Reply.refusal(-32602, "That is no phone number.", #","missing":["phone_number"]"#)
        var session = Session(
            script: [.start(Self.everyType), .answer(refusal), .answer(.signedIn)], input: .text("sms\n12\n+49151\n"))
        let ending = try session.run("login")
        #expect(ending.status == 0)
        #expect(ending.words.contains("That is no phone number."))
        #expect(ending.params.last == .enroll("phone", ["channel": "sms", "phone_number": "+49151"]))
        session.input = .text("sms\n12\n")
        #expect(try session.run("login").status == 64)
        session.input = .text("sms\n")
        #expect(try session.run("login").status == 75)
    }

    @Test("a message that could not be sent leads to the list again")
    func unsent() throws {
        let session = Session(
            script: [.start(Self.everyType), .answer(.refusal(1007, "Too many messages.")), .answer(.signedIn)],
            input: .text("sms\n+49151\notp\n"))
        let ending = try session.run("login")
        #expect(ending.status == 0)
        #expect(ending.params.last == .enroll("otp"))
    }

    @Test(
        "a code that was sent proves a phone or an address, and Enter alone has another one sent",
        arguments: [
            ("phone", "sms", "Code sent by text message to XXX1234: ", "Text messages are set up."),
            ("phone", "voice", "Code given by phone call to XXX1234: ", "Phone calls are set up."),
            ("email", "email", "Code sent by e-mail to XXX1234: ", "E-mail is set up."),
        ])
    func sentCode(type: String, channel: String, prompt: String, done: String) throws {
        let members = #","channel":"\#(channel)","sent_to":"XXX1234""#
        let session = Session(
            script: [
                .start(.enrollConfirm(type, members + #","resend_at":1"#)),
                .resend(.enrollConfirm(type, members + #","resend_at":4000000000"#)), .answer(.signedIn),
            ], input: .text("\n\n111111\n"))
        let ending = try session.run("login")
        #expect(ending.status == 0)
        #expect(ending.words.contains(prompt + "\n"))
        #expect(ending.words.contains(done))
        #expect(ending.words.contains("Another code can be sent "))
        #expect(ending.params.suffix(2) == [.login, .answer("code", "111111")])
    }

    @Test("a push app is waited for, with what it has to open in words")
    func push() throws {
        let confirm = Session.Reply.enrollConfirm("push-notification", #","uri":"otpauth://totp/a?enrollment_tx_id=1""#)
        let ending = try Session(script: [.start(confirm), .wait(confirm), .wait(.signedIn)]).run("login")
        #expect(ending.status == 0)
        #expect(ending.words.contains("\n  otpauth://totp/a?enrollment_tx_id=1\n"))
        #expect(ending.words.contains("Push notifications are set up."))
        #expect(ending.params.last == .wait(seen: 3, timeout: 30))
    }

    @Test("b leads back to the list, and something else is set up")
    func wayBack() throws {
        let push = Session.Reply.enrollConfirm("push-notification", #","uri":"otpauth://totp/a""# + Self.types)
        let session = Session(
            script: [
                .start(.enrollConfirm("otp", Self.key + Self.types)), .answer(push), .wait(.typed("b\n", push)),
                .answer(.enrollConfirm("otp", Self.key + Self.types)), .answer(.signedIn),
            ],
            input: .terminal([
                ("app: ", .type("b\n")), ("Which one", .type("push\n")), ("Which one", .type("otp\n")),
                ("app: ", .type("111111\n")),
            ]))
        let ending = try session.run("login")
        #expect(ending.status == 0)
        #expect(ending.words.contains("Waiting for the Guardian app to confirm (0 s)"))
        #expect(
            ending.params.filter { $0 != .wait(seen: 3, timeout: 1) }.dropFirst() == [
                .enroll("push-notification"), .enroll("otp"), .answer("code", "111111"),
            ])
    }

    @Test("where the key was shown elsewhere, that is said")
    func joined() throws {
        var session = Session(script: [.start(.enrollConfirm("otp", Self.types))])
        let ending = try session.run("login")
        #expect(ending.words.contains("wants a second factor to be set up before it gives new tokens (profile work)."))
        #expect(ending.words.contains("The key was shown where this set-up was begun; b sets up anew."))
        session.script = [.start(.enrollConfirm("otp"))]
        #expect(try session.run("login").words.contains("The key was shown where this set-up was begun.\n"))
    }

    @Test("recovery codes come first, and on a terminal are acknowledged before anything else is shown")
    func recoveryCodes() throws {
        let confirm = Session.Reply.enrollConfirm("otp", Self.key + #","recovery_codes":["RECOVERY24"]"#)
        var session = Session(script: [.start(confirm), .answer(.signedIn)], input: .text("111111\n"))
        let ending = try session.run("login")
        #expect(ending.status == 0)
        let parts = ending.words.split(separator: "RECOVERY24\n")
        #expect(parts.count == 2)
        #expect(parts.first?.contains("Keep it where you keep your passwords:\n") == true)
        #expect(parts.last?.contains("JBSW") == true)

        session.input = .terminal([("Press Enter once you have it: ", .signal(SIGINT))])
        session.script = [.start(confirm), .cancel]
        let interrupted = try session.run("login")
        #expect(interrupted.status == 130)
        #expect(!interrupted.words.contains("JBSW"))
        #expect(interrupted.params.last == .login)

        session.input = .terminal([("Press Enter once you have it: ", .type("\n")), ("app: ", .type("111111\n"))])
        session.script = [.start(confirm), .answer(.signedIn)]
        #expect(try session.run("login").status == 0)
    }

    @Test("recovery codes that come at the end are shown too")
    func lateRecoveryCodes() throws {
        let end = Session.Reply.signedIn(#","recovery_codes":["ONE","TWO"]"#)
        let session = Session(script: [.start(.enrollConfirm("otp", Self.key)), .answer(end)], input: .text("1\n"))
        #expect(try session.run("login").words.hasSuffix("Keep them where you keep your passwords:\nONE\nTWO\n"))
    }

    @Test(
        "Ctrl-C cancels the login at the agent in every step",
        arguments: [
            (everyType, [("Which one", .signal(SIGINT))]),
            (everyType, [("Which one", .type("sms\n")), ("5678): ", .signal(SIGINT))]),
            (.enrollConfirm("otp", key), [("app: ", .signal(SIGINT))]),
            (.enrollConfirm("email"), [("e-mail: ", .signal(SIGINT))]),
        ] as [(Session.Reply, [(String, Session.Act)])])
    func interrupted(step: Session.Reply, acts: [(String, Session.Act)]) throws {
        let session = Session(
            script: [.start(step), .cancel], input: .terminal(acts.map { (seen: $0.0, act: $0.1) }))
        let ending = try session.run("login")
        #expect(ending.status == 130)
        #expect(ending.words.contains("Sign-in cancelled."))
        #expect(ending.params.last == .login)
    }

    @Test("Ctrl-C cancels while the app that scans the code is waited for")
    func interruptedPush() throws {
        let session = Session(
            script: [
                .start(.enrollConfirm("push-notification")), .wait(.silence(signal: SIGINT)), .cancel,
            ], input: .terminal([]))
        let ending = try session.run("login")
        #expect(ending.status == 130)
        #expect(ending.params.last == .login)
    }

    @Test("the end of input is 75", arguments: [everyType, .enrollConfirm("otp", key), .enrollConfirm("email")])
    func endOfInput(step: Session.Reply) throws {
        let ending = try Session(script: [.start(step)]).run("login")
        #expect(ending.status == 75)
        #expect(ending.words.contains("postern login work"))
    }

    @Test("a key is shown in groups of four", arguments: [("", ""), ("ABC", "ABC"), ("ABCDE", "ABCD E")])
    func grouped(secret: String, words: String) {
        #expect(LoginDialogue.grouped(secret) == words)
    }
}
