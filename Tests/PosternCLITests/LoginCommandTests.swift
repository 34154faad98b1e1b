import Glibc
import PosternProtocol
import Testing

@testable import postern

@Suite("login")
struct LoginCommandTests {
    @Test("a code from a pipe signs in; the words are on stderr and stdout stays empty")
    func signIn() throws {
        let session = Session(
            script: [.init(method: "login.start", reply: .code()), .init(method: "login.answer", reply: .signedIn)],
            input: .text("123 456\n"), environment: ["SSH_CONNECTION": "203.0.113.9 50000 10.0.0.1 22"])
        let ending = try session.run("login", "work")
        #expect(ending.status == 0)
        #expect(ending.output.isEmpty)
        #expect(ending.words.contains("A code was sent by e-mail to a***@example.com.\n"))
        #expect(ending.words.contains("Signed in as ada@example.com (profile work): the token is good until"))
        #expect(ending.words.contains("left): \n"))
        #expect(
            ending.params == [
                .object(["profile": .string("work"), "client_ip": .string("203.0.113.9")]), .answer("code", "123 456"),
            ])
    }

    @Test("--json prints the last LoginState")
    func json() throws {
        let session = Session(
            script: [.init(method: "login.start", reply: .code()), .init(method: "login.answer", reply: .signedIn)],
            input: .text("123456"))
        let ending = try session.run("login", "--json")
        guard case .result(let json) = Session.Reply.signedIn else { return }
        #expect(ending.output == json + "\n")
    }

    @Test("an address that the agent does not know is asked for")
    func address() throws {
        let session = Session(
            script: [
                .init(method: "login.start", reply: .refusal(-32602, "No address.", #","missing":["username"]"#)),
                .init(method: "login.start", reply: .code()),
                .init(method: "login.answer", reply: .signedIn),
            ], input: .text("ada@example.com\n123456\n"))
        let ending = try session.run("login")
        #expect(ending.status == 0)
        #expect(ending.words.contains("E-mail address or phone number: "))
        #expect(ending.params[1] == .object(["username": .string("ada@example.com")]))
    }

    @Test("no address on stdin ends with 65")
    func noAddress() throws {
        let session = Session(script: [
            .init(method: "login.start", reply: .refusal(-32602, "No address.", #","missing":["username"]"#))
        ])
        #expect(try session.run("login").status == 65)
    }

    @Test("a wrong code is typed again")
    func wrongCode() throws {
        let session = Session(
            script: [
                .init(method: "login.start", reply: .code()),
                .init(method: "login.answer", reply: .refusal(1008, "The code is wrong.")),
                .init(method: "login.answer", reply: .signedIn),
            ], input: .text("111111\n222222\n"))
        let ending = try session.run("login")
        #expect(ending.status == 0)
        #expect(ending.words.contains("The code is wrong."))
        #expect(ending.params.suffix(2) == [.answer("code", "111111"), .answer("code", "222222")])
    }

    @Test("the end of input is 75 while the code is awaited, and 65 after a wrong one")
    func endOfInput() throws {
        var session = Session(script: [.init(method: "login.start", reply: .code())])
        let silent = try session.run("login")
        #expect(silent.status == 75)
        #expect(silent.words.contains("postern login work"))
        session.script.append(.init(method: "login.answer", reply: .refusal(1008, "The code is wrong.")))
        session.input = .text("111111\n")
        #expect(try session.run("login").status == 65)
    }

    @Test("codes that are dead end the sign-in and say how to begin again", arguments: [1009, 1010])
    func deadCode(code number: Int) throws {
        let session = Session(
            script: [
                .init(method: "login.start", reply: .code()),
                .init(method: "login.answer", reply: .refusal(number, "It is over.", #","profile":"work""#)),
            ], input: .text("111111\n222222\n"))
        let ending = try session.run("login")
        #expect(ending.status == 65)
        #expect(ending.words.contains("Begin again: postern login work"))
        #expect(ending.requests.count == 2)
    }

    @Test("an empty line, r and new have another code sent", arguments: ["", "r", "new"])
    func resend(word: String) throws {
        let session = Session(
            script: [
                .init(method: "login.start", reply: .code()),
                .init(method: "login.resend", reply: .code(revision: 2)),
                .init(method: "login.answer", reply: .signedIn),
            ], input: .text("\(word)\n123456\n"))
        let ending = try session.run("login")
        #expect(ending.status == 0)
        #expect(ending.params[1] == .object(["login_id": .string("L1")]))
    }

    @Test("too early for another code, the agent is not asked")
    func resendTooEarly() throws {
        let session = Session(
            script: [
                .init(method: "login.start", reply: .code(resendIn: 100)),
                .init(method: "login.answer", reply: .signedIn),
            ],
            input: .text("r\n123456\n"))
        let ending = try session.run("login")
        #expect(ending.status == 0)
        #expect(ending.words.contains("Another code can be sent in "))
    }

    @Test("a sign-in that is under way is joined, and that is said")
    func joined() throws {
        let session = Session(
            script: [
                .init(method: "login.start", reply: .code(age: 60)), .init(method: "login.answer", reply: .signedIn),
            ], input: .text("123456\n"))
        let ending = try session.run("login")
        #expect(ending.words.contains("already under way"))
        #expect(ending.status == 0)
    }

    @Test("an answer that somebody else was quicker with is not an error")
    func overtaken() throws {
        let session = Session(
            script: [
                .init(method: "login.start", reply: .code()),
                .init(method: "login.answer", reply: .refusal(1013, "Another answer is being worked on.")),
                .init(method: "login.wait", reply: .signedIn),
            ], input: .text("123456\n"))
        #expect(try session.run("login").status == 0)
    }

    @Test("of a login that is over its end is looked at, as long as the agent knows it")
    func over() throws {
        var session = Session(
            script: [
                .start(.code()), .answer(.refusal(1012, "There is no such login.")), .wait(.signedIn),
            ], input: .text("123456\n"))
        #expect(try session.run("login").status == 0)
        let gone = Session.Reply.refusal(1012, "There is no such login.", #","profile":"work""#)
        session.script = [.start(.code()), .answer(gone), .wait(gone)]
        let ending = try session.run("login")
        #expect(ending.status == 65)
        #expect(ending.words.contains("Begin again: postern login work"))
    }

    @Test("on a terminal the time left counts down behind what is typed, and Ctrl-C cancels at the agent")
    func interrupted() throws {
        let session = Session(
            script: [
                .init(method: "login.start", reply: .code()), .init(method: "login.cancel", reply: .result("{}")),
            ],
            input: .terminal([("left): ", .type("12")), ("\u{1B}7\rCode (", .signal(SIGINT))]))
        let ending = try session.run("login")
        #expect(ending.status == 130)
        #expect(ending.echoes)
        #expect(ending.words.contains("Sign-in cancelled."))
        #expect(ending.params.last == .object(["login_id": .string("L1")]))
    }

    @Test("on a dumb terminal nothing moves")
    func dumbTerminal() throws {
        let session = Session(
            script: [.init(method: "login.start", reply: .code()), .init(method: "login.answer", reply: .signedIn)],
            input: .terminal([("left): ", .type("123456\n"))]), environment: ["TERM": "dumb"])
        let ending = try session.run("login")
        #expect(ending.status == 0)
        #expect(!ending.words.contains("\u{1B}"))
    }

    @Test("a link is waited for until the login changes")
    func link() throws {
        let link = Session.Reply.login(#"{"kind":"link","sent_to":"a***@example.com"}"#)
        let session = Session(script: [
            .init(method: "login.start", reply: link), .init(method: "login.wait", reply: link),
            .init(method: "login.wait", reply: .signedIn),
        ])
        let ending = try session.run("login")
        #expect(ending.status == 0)
        #expect(ending.words.contains("A link was sent to a***@example.com."))
        #expect(
            ending.params.last
                == .object(["login_id": .string("L1"), "seen": .integer(1), "timeout": .integer(30)]))
    }

    @Test(
        "a signal while the agent works cancels as well", arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(CInt, CInt)])
    func interruptedWait(signal: CInt, status: CInt) throws {
        let link = Session.Reply.login(#"{"kind":"link","sent_to":"a***@example.com"}"#)
        let session = Session(script: [
            .init(method: "login.start", reply: link), .init(method: "login.wait", reply: .silence(signal: signal)),
            .init(method: "login.cancel", reply: .result("{}")),
        ])
        let ending = try session.run("login")
        #expect(ending.status == status)
        #expect(ending.requests.count == 3)
    }

    @Test("--if-needed does nothing for who is signed in, signs in who is not, and leaves a locked keyring alone")
    func ifNeeded() throws {
        var session = Session(
            script: [.init(method: "token.get", reply: .result(TokenCommandTests.token))], input: .text("123456\n"))
        let signedInAlready = try session.run("login", "--if-needed")
        #expect(signedInAlready.status == 0)
        #expect(!(signedInAlready.output + signedInAlready.words).contains("eyJ"))

        session.script = [
            .init(method: "token.get", reply: .refusal(1001, "Not signed in.")),
            .init(method: "login.start", reply: .code()), .init(method: "login.answer", reply: .signedIn),
        ]
        #expect(try session.run("login", "--if-needed").status == 0)

        session.script = [.init(method: "token.get", reply: .refusal(1004, "The keyring is locked."))]
        let locked = try session.run("login", "--if-needed")
        #expect(locked.status == 75)
        #expect(locked.requests.count == 1)
    }
}
