import Glibc
import PosternProtocol
import Testing

@testable import postern

@Suite("second factors at sign-in")
struct SecondFactorTests {
    private typealias Factor = ScriptedFactor

    private static let everyFactor = Session.Reply.chooseFactor(
        Factor.otp, Factor.sms, Factor.voice, Factor.email, Factor.push, Factor.recovery)

    @Test("after the one-time code the factor is chosen from a list, and its code signs in")
    func signIn() throws {
        let session = Session(
            script: [
                .start(.code()), .answer(Self.everyFactor), .answer(.factorCode(Factor.otp, all: Factor.all)),
                .answer(.signedIn),
            ], input: .text("123456\n1\n654 321\n"))
        let ending = try session.run("login", "work")
        #expect(ending.status == 0)
        #expect(ending.output.isEmpty)
        #expect(
            ending.words.contains(
                """
                The tenant asks for a second factor.
                  1  authenticator app
                  2  text message to XXX1234
                  3  phone call to XXX1234
                  4  e-mail to a***@example.com
                  5  push notification to Ada's phone
                  6  recovery code
                Which one (1-6): 
                Code from your authenticator app: 
                Signed in as ada@example.com (profile work)
                """))
        #expect(
            ending.params.dropFirst() == [
                .answer("code", "123456"), .answer("factor", "totp|dev_1"), .answer("code", "654 321"),
            ])
    }

    @Test(
        "a factor is chosen by its number, its id or a word",
        arguments: [
            ("1", "totp|dev_1"), ("otp", "totp|dev_1"), ("totp|dev_1", "totp|dev_1"), ("sms", "sms|dev_2"),
            ("SMS", "sms|dev_2"), ("voice", "voice|dev_2"), ("email", "email|dev_3"), ("push", "push|dev_4"),
            ("push-notification", "push|dev_4"), ("recovery", "recovery-code|dev_5"), ("6", "recovery-code|dev_5"),
        ])
    func choice(typed: String, id: String) throws {
        let session = Session(
            script: [.start(Self.everyFactor), .answer(.signedIn)], input: .text("\(typed)\n"))
        let ending = try session.run("login")
        #expect(ending.status == 0)
        #expect(ending.params.last == .answer("factor", id))
    }

    @Test("what is not on the list, or more than once, is asked for again")
    func misunderstood() throws {
        let session = Session(
            script: [.start(Self.everyFactor), .answer(.signedIn)], input: .text("7\n\nphone\nsms\n"))
        let ending = try session.run("login")
        #expect(ending.status == 0)
        #expect(ending.words.contains("None of these is meant by \"7\"."))
        #expect(ending.words.contains("Nothing was typed."))
        #expect(ending.words.contains("More than one of these is meant by \"phone\"."))
        #expect(ending.params.last == .answer("factor", "sms|dev_2"))
    }

    @Test("a message that could not be sent leads to the list again")
    func unsent() throws {
        let session = Session(
            script: [
                .start(Self.everyFactor), .answer(.refusal(1007, "Too many messages.")), .answer(.signedIn),
            ], input: .text("sms\nvoice\n"))
        let ending = try session.run("login")
        #expect(ending.status == 0)
        #expect(ending.words.contains("Too many messages."))
        #expect(ending.params.suffix(2) == [.answer("factor", "sms|dev_2"), .answer("factor", "voice|dev_2")])
    }

    @Test("that a login was joined at its second factor is said")
    func joined() throws {
        let session = Session(script: [.start(Self.everyFactor)])
        let words = "The tenant asks for a second factor before it gives new tokens (profile work).\n"
        #expect(try session.run("login").words.hasPrefix(words))
    }

    @Test("a tenant whose factors are none that can be used is one clear failure, and the login is not left behind")
    func nothingToChoose() throws {
        let session = Session(script: [.start(.chooseFactor()), .cancel])
        let ending = try session.run("login")
        #expect(ending.status == 78)
        #expect(ending.params.last == .login)
    }

    @Test(
        "the prompt names the factor",
        arguments: [
            (Factor.otp, "Code from your authenticator app: "), (Factor.sms, "Code sent by text message to XXX1234: "),
            (Factor.voice, "Code given by phone call to XXX1234: "),
            (Factor.email, "Code sent by e-mail to a***@example.com: "),
        ])
    func prompt(factor: String, words: String) throws {
        let session = Session(script: [.start(.factorCode(factor)), .answer(.signedIn)], input: .text("1\n"))
        #expect(try session.run("login").words.contains(words + "\n"))
    }

    @Test("a wrong code is typed again, and so is one that met a tenant out of reach", arguments: [1006, 1007, 1008])
    func typedAgain(code number: Int) throws {
        let session = Session(
            script: [
                .start(.factorCode(Factor.otp)), .answer(.refusal(number, "So it is.")), .answer(.signedIn),
            ], input: .text("111111\n222222\n"))
        let ending = try session.run("login")
        #expect(ending.status == 0)
        #expect(ending.words.contains("So it is."))
        #expect(ending.params.suffix(2) == [.answer("code", "111111"), .answer("code", "222222")])
    }

    @Test("other refusals end it", arguments: [(1009, 65), (1010, 65), (1014, 77), (1015, 78)] as [(Int, CInt)])
    func refused(code number: Int, status: CInt) throws {
        let session = Session(
            script: [.start(.factorCode(Factor.otp)), .answer(.refusal(number, "So it is."))],
            input: .text("111111\n222222\n"))
        let ending = try session.run("login")
        #expect(ending.status == status)
        #expect(ending.requests.count == 2)
    }

    @Test("an answer that somebody else was quicker with is not an error")
    func overtaken() throws {
        let session = Session(
            script: [
                .start(.factorCode(Factor.otp)), .answer(.refusal(1013, "Another answer is being worked on.")),
                .wait(.signedIn),
            ], input: .text("111111\n"))
        #expect(try session.run("login").status == 0)
    }

    @Test(
        "Enter alone has another code sent, where codes are sent", arguments: [Factor.sms, Factor.voice, Factor.email])
    func resend(factor: String) throws {
        let session = Session(
            script: [
                .start(.factorCode(factor, resendIn: -1)), .resend(.factorCode(factor, resendIn: 600)),
                .answer(.signedIn),
            ], input: .text("\n\n222222\n"))
        let ending = try session.run("login")
        #expect(ending.status == 0)
        #expect(ending.words.contains("Another code is on its way.\n"))
        #expect(ending.words.contains("Another code can be sent in "))
        #expect(ending.params.suffix(2) == [.login, .answer("code", "222222")])
    }

    @Test("for an authenticator app Enter alone only asks again")
    func noResend() throws {
        let session = Session(
            script: [.start(.factorCode(Factor.otp)), .answer(.signedIn)], input: .text("\n222222\n"))
        let ending = try session.run("login")
        #expect(ending.status == 0)
        #expect(ending.requests.count == 2)
    }

    @Test("b leads back to the list", arguments: ["b", "back", "B"])
    func wayBack(word: String) throws {
        let session = Session(
            script: [
                .start(.factorCode(Factor.otp, all: Factor.all)), .answer(.recoveryCode(all: Factor.all)),
                .answer(.factorCode(Factor.sms, all: Factor.all)), .answer(.signedIn),
            ], input: .text("\(word)\nrecovery\n\(word)\nsms\n111111\n"))
        let ending = try session.run("login")
        #expect(ending.status == 0)
        #expect(
            ending.params.dropFirst() == [
                .answer("factor", "recovery-code|dev_5"), .answer("factor", "sms|dev_2"), .answer("code", "111111"),
            ])
    }

    @Test(
        "with nothing else to choose b is not offered, and not taken for a code",
        arguments: [.factorCode(Factor.otp), .factorCode(Factor.otp, all: [Factor.otp]), .recoveryCode()]
            as [Session.Reply])
    func noWayBack(step: Session.Reply) throws {
        var session = Session(script: [.start(step), .answer(.signedIn)], input: .text("b\n111111\n"))
        let ending = try session.run("login")
        #expect(ending.status == 0)
        #expect(ending.words.contains("There is no other way to choose."))
        #expect(ending.requests.count == 2)
        session.input = .terminal([(": ", .type("111111\n"))])
        #expect(try !session.run("login").words.contains("b shows"))
    }

    @Test("on a terminal it is said what can be typed")
    func hints() throws {
        var session = Session(
            script: [.start(.factorCode(Factor.sms, all: Factor.all)), .answer(.signedIn)],
            input: .terminal([("XXX1234: ", .type("111111\n"))]))
        let hint = "Enter alone asks for another code; b shows the other ways; Ctrl-C cancels."
        #expect(try session.run("login").words.contains(hint))
        session.input = .text("111111\n")
        #expect(try !session.run("login").words.contains("Ctrl-C"))
    }

    @Test("a recovery code is sent as such, and the new one is shown, once, on stderr")
    func recovery() throws {
        let session = Session(
            script: [
                .start(Self.everyFactor), .answer(.recoveryCode(all: Factor.all)),
                .answer(.refusal(1008, "The code is wrong.")), .answer(.signedIn(#","recovery_code":"NEWCODE24""#)),
            ], input: .text("recovery\nOLD1\nOLD2\n"))
        let ending = try session.run("login")
        #expect(ending.status == 0)
        #expect(ending.output.isEmpty)
        #expect(ending.words.contains("Recovery code: \n"))
        #expect(ending.words.contains("the one you used is dead"))
        #expect(ending.words.hasSuffix(":\nNEWCODE24\n"))
        #expect(ending.params.suffix(2) == [.answer("recovery_code", "OLD1"), .answer("recovery_code", "OLD2")])
    }

    @Test("on a terminal the new recovery code is acknowledged; Ctrl-C there has nothing to cancel any more")
    func acknowledged() throws {
        var session = Session(
            script: [.start(.recoveryCode()), .answer(.signedIn(#","recovery_code":"NEWCODE24""#))],
            input: .terminal([("code: ", .type("OLD\n")), ("Press Enter once you have it: ", .type("\n"))]))
        #expect(try session.run("login").status == 0)
        session.input = .terminal([("code: ", .type("OLD\n")), ("Press Enter once you have it: ", .signal(SIGINT))])
        let interrupted = try session.run("login")
        #expect(interrupted.status == 130)
        #expect(interrupted.requests.count == 2)
        #expect(!interrupted.words.contains("cancelled"))
    }

    @Test(
        "Ctrl-C cancels the login at the agent in every step",
        arguments: [
            (everyFactor, "Which one"), (.factorCode(Factor.otp), "app: "), (.factorCode(Factor.sms), "XXX1234: "),
            (.recoveryCode(), "Recovery code: "),
        ] as [(Session.Reply, String)])
    func interrupted(step: Session.Reply, prompt: String) throws {
        let session = Session(script: [.start(step), .cancel], input: .terminal([(prompt, .signal(SIGINT))]))
        let ending = try session.run("login")
        #expect(ending.status == 130)
        #expect(ending.words.contains("Sign-in cancelled."))
        #expect(ending.params.last == .login)
    }

    @Test(
        "the end of input is 75 while an answer is awaited, and says how to go on",
        arguments: [everyFactor, .factorCode(Factor.otp), .recoveryCode()] as [Session.Reply])
    func endOfInput(step: Session.Reply) throws {
        let ending = try Session(script: [.start(step)]).run("login")
        #expect(ending.status == 75)
        #expect(ending.words.contains("To go on, within "))
        #expect(ending.words.contains("postern login work"))
        #expect(ending.requests.count == 1)
    }

    @Test("the end of input after a wrong answer is 65")
    func endOfInputAfterWrong() throws {
        #expect(try Session(script: [.start(Self.everyFactor)], input: .text("7\n")).run("login").status == 65)
        let wrong = Session(
            script: [.start(.factorCode(Factor.otp)), .answer(.refusal(1008, "Wrong."))], input: .text("1\n"))
        #expect(try wrong.run("login").status == 65)
    }
}
