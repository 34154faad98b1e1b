import Glibc
import PosternProtocol
import Testing

@testable import postern

@Suite("mfa")
struct MFACommandTests {
    private typealias Factor = ScriptedFactor

    private static let factors = #"{"factors":[\#(Factor.all.joined(separator: ","))],"new":1.0}"#
    private static let key = #","secret":"JBSWY3DPEHPK3PXP","uri":"otpauth://totp/a""#

    private func list(_ reply: Session.Reply) -> Session.Exchange { .init(method: "mfa.list", reply: reply) }
    private func enroll(_ reply: Session.Reply) -> Session.Exchange { .init(method: "mfa.enroll", reply: reply) }
    private func remove(_ reply: Session.Reply) -> Session.Exchange { .init(method: "mfa.remove", reply: reply) }

    @Test("list prints the factors in words and by id, and --json the answer as it came")
    func list() throws {
        let session = Session(script: [list(.result(Self.factors))])
        let ending = try session.run("mfa", "list", "work")
        #expect(ending.status == 0)
        #expect(
            ending.output == """
                authenticator app                 totp|dev_1
                text message to XXX1234           sms|dev_2
                phone call to XXX1234             voice|dev_2
                e-mail to a***@example.com        email|dev_3
                push notification to Ada's phone  push|dev_4
                recovery code                     recovery-code|dev_5

                """)
        #expect(ending.params == [.object(["profile": .string("work")])])
        #expect(try session.run("mfa", "list", "--json").output == Self.factors + "\n")
    }

    @Test("--json passes on a factor that is newer than this version")
    func newerFactor() throws {
        let json = #"{"factors":[{"id":"x|1","type":"webauthn"}]}"#
        #expect(try Session(script: [list(.result(json))]).run("mfa", "list", "--json").output == json + "\n")
    }

    @Test("an empty list is said on stderr, with what to do")
    func nothing() throws {
        let ending = try Session(script: [list(.result(#"{"factors":[]}"#))]).run("mfa", "list")
        #expect(ending.status == 0)
        #expect(ending.output.isEmpty)
        #expect(ending.words.contains("postern mfa enroll otp"))
    }

    @Test("a sign-in that the tenant wants first is led through, and then the call is made again")
    func signInFirst() throws {
        let session = Session(
            script: [list(.code()), .answer(.factorCode(Factor.otp)), .answer(.signedIn), list(.result(Self.factors))],
            input: .text("123456\n654321\n"))
        let ending = try session.run("mfa", "list", "--json", "--profile", "work")
        #expect(ending.status == 0)
        #expect(ending.output == Self.factors + "\n")
        #expect(ending.words.hasPrefix("The tenant wants a fresh sign-in before your factors can be managed.\n"))
        #expect(ending.words.contains("Signed in to manage factors.\n"))
        #expect(!ending.words.contains("Signed in as"))
        #expect(
            ending.params == [
                .object(["profile": .string("work")]), .answer("code", "123456"), .answer("code", "654321"),
                .object(["profile": .string("work")]),
            ])
    }

    @Test("a tenant that is not content with the sign-in is asked no third time")
    func signInInVain() throws {
        let session = Session(
            script: [list(.code()), .answer(.signedIn), list(.code()), .cancel], input: .text("123456\n123456\n"))
        let ending = try session.run("mfa", "list")
        #expect(ending.status == 77)
        #expect(ending.words.contains("asks for a fresh sign-in again"))
        #expect(ending.output.isEmpty)
        #expect(ending.requests.count == 4)
    }

    @Test("a sign-in that is not finished is not left behind, whether input ends or a person interrupts")
    func unfinished() throws {
        var session = Session(script: [list(.code()), .cancel])
        let silent = try session.run("mfa", "list")
        #expect(silent.status == 75)
        #expect(silent.params.last == .login)
        #expect(!silent.words.contains("postern login"))
        session.input = .terminal([("left): ", .signal(SIGINT))])
        let interrupted = try session.run("mfa", "list")
        #expect(interrupted.status == 130)
        #expect(interrupted.params.last == .login)
    }

    @Test("remove names the factor, after a sign-in if need be")
    func remove() throws {
        let ending = try Session(
            script: [remove(.factorCode(Factor.otp)), .answer(.signedIn), remove(.result("{}"))],
            input: .text("111111\n")
        ).run("mfa", "remove", "totp|dev_1", "--profile", "work", "--json")
        #expect(ending.status == 0)
        #expect(ending.words.hasSuffix("Removed.\n"))
        #expect(ending.output == "{}\n")
        #expect(ending.params.first == ending.params.last)
        #expect(ending.params.last == .object(["profile": .string("work"), "id": .string("totp|dev_1")]))
    }

    @Test("enroll ends in words about the factor, not about tokens")
    func enrollApp() throws {
        let session = Session(
            script: [enroll(.enrollConfirm("otp", Self.key)), .answer(.signedIn)], input: .text("111111\n"))
        let ending = try session.run("mfa", "enroll", "otp")
        #expect(ending.status == 0)
        #expect(ending.output.isEmpty)
        #expect(ending.words.hasPrefix("Type this key into your authenticator app"))
        #expect(ending.words.hasSuffix("The authenticator app is set up.\n"))
        #expect(!ending.words.contains("Signed in"))
        #expect(ending.params == [.object(["type": .string("otp")]), .answer("code", "111111")])
        guard case .result(let end) = Session.Reply.signedIn else { return }
        #expect(try session.run("mfa", "enroll", "otp", "--json").output == end + "\n")
    }

    @Test(
        "enroll takes the number or address from its flags, or asks for it",
        arguments: [
            (["sms", "--phone", "+49151"], "", ["type": "phone", "channel": "sms", "phone_number": "+49151"]),
            (["voice"], "\n+49151\n", ["type": "phone", "channel": "voice", "phone_number": "+49151"]),
            (["email", "--email", "a@b.example"], "", ["type": "email", "email": "a@b.example"]),
            (["email"], "a@b.example\n", ["type": "email", "email": "a@b.example"]),
            (["push"], "", ["type": "push-notification"]),
        ])
    func enrollAddress(arguments: [String], input: String, params: [String: String]) throws {
        let confirm = Session.Reply.enrollConfirm("phone", #","channel":"sms","sent_to":"XXX1""#)
        let session = Session(
            script: [enroll(confirm), .answer(.signedIn)], input: .text(input + "111111\n"))
        let ending = try session.run(["mfa", "enroll"] + arguments)
        #expect(ending.status == 0)
        #expect(ending.params.first == .object(params.mapValues { .string($0) }))
    }

    @Test("enroll signs in first where that is wanted, and keeps the number it has")
    func enrollAfterSignIn() throws {
        let confirm = Session.Reply.enrollConfirm("phone", #","channel":"sms","sent_to":"XXX1""#)
        let session = Session(
            script: [enroll(.code()), .answer(.signedIn), enroll(confirm), .answer(.signedIn)],
            input: .text("+49151\n123456\n111111\n"))
        let ending = try session.run("mfa", "enroll", "sms")
        #expect(ending.status == 0)
        #expect(ending.words.contains("Signed in to manage factors.\n"))
        #expect(ending.words.hasSuffix("Text messages are set up.\n"))
        #expect(ending.params[0] == ending.params[2])
    }

    @Test("a number that the agent refuses is asked for again")
    func enrollRefused() throws {
        let refusal = Session.Reply.refusal(-32602, "That is no phone number.", #","missing":["phone_number"]"#)
        let confirm = Session.Reply.enrollConfirm("phone", #","channel":"sms""#)
        let session = Session(
            script: [enroll(refusal), enroll(confirm), .answer(.signedIn)], input: .text("+49151\n111111\n"))
        let ending = try session.run("mfa", "enroll", "sms", "--phone", "12")
        #expect(ending.status == 0)
        #expect(ending.words.contains("That is no phone number."))
        #expect(try Session().run("mfa", "enroll", "sms").status == 65)
    }

    @Test("a set-up that is not finished is cancelled at the agent")
    func enrollUnfinished() throws {
        var session = Session(script: [enroll(.enrollConfirm("otp", Self.key)), .cancel])
        #expect(try session.run("mfa", "enroll", "otp").status == 75)
        session.input = .terminal([("app: ", .signal(SIGINT))])
        let ending = try session.run("mfa", "enroll", "otp")
        #expect(ending.status == 130)
        #expect(ending.words.contains("Set-up cancelled."))
        #expect(ending.params.last == .login)
    }

    @Test(
        "wrong usage is 64 before anything is sent",
        arguments: [
            ["mfa", "enroll"], ["mfa", "enroll", "recovery"], ["mfa", "enroll", "fax"], ["mfa", "remove"],
            ["mfa", "enroll", "otp", "--phone", "+1"], ["mfa", "enroll", "sms", "--email", "a@b.example"],
            ["mfa", "list", "a", "--profile", "b"],
        ])
    func usage(arguments: [String]) throws {
        let ending = try Session().run(arguments)
        #expect(ending.status == 64)
        #expect(ending.requests.isEmpty)
    }

    @Test("a token that waits for a second factor says how to give it")
    func tokenNeedsFactor() throws {
        let error = Session.Reply.refusal(1011, "A second factor is needed.", #","profile":"work""#)
        let ending = try Session(script: [.init(method: "token.get", reply: error)]).run("token")
        #expect(ending.status == 77)
        #expect(ending.words.contains("Give the second factor: postern login work"))
    }
}
