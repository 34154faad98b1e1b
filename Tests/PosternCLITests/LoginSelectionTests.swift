import Glibc
import PosternProtocol
import Testing

@testable import postern

@Suite("login of who needs it")
struct LoginSelectionTests {
    private static func list(_ profiles: (String, String)...) -> String {
        "[\(profiles.map { PinentryLoginTests.profile($0, $1).replacing(#""default":true,"#, with: "") }.joined(separator: ","))]"
    }

    @Test(
        "--check answers by its exit status alone and asks for nothing else",
        arguments: [
            ("signed_in", 0), ("refreshing", 0), ("offline", 0), ("login_required", 77), ("mfa_required", 77),
            ("signed_out", 77), ("locked", 75),
        ] as [(String, CInt)])
    func check(state: String, status: CInt) throws {
        var session = Session()
        session.profiles = Self.list(("work", state))
        let ending = try session.run("login", "work", "--check")
        #expect(ending.status == status)
        #expect((ending.output + ending.words).isEmpty && ending.requests.isEmpty)
        let all = try session.run("login", "--all", "--check")
        #expect(all.status == (state == "signed_out" ? 0 : status))
        session.profiles = "[\(PinentryLoginTests.profile("work", state))]"
        let unnamed = try session.run("login", "--check")
        let unknown = try session.run("login", "home", "--check")
        #expect(unnamed.status == status && unknown.status == 66)
    }

    @Test("--check without an agent is 69, and options that it does nothing with are wrong usage")
    func checkMisuse() throws {
        var session = Session()
        session.prepare = { unlink($0) }
        #expect(try session.run("login", "--check").status == 69)
        for option in ["--restart", "--when-ready"] {
            #expect(try Session().run("login", "--check", option).status == 64)
        }
        #expect(try Session().run("login", "--all", "work").status == 64)
    }

    @Test("--all signs in whose sign-in ended by itself, one after the other, and passes over who never did")
    func all() throws {
        let ended = Session.Reply.refusal(1001, "Ended.", #","cause":"revoked""#)
        var session = Session(
            script: [
                .get(ended), .start(.code()), .answer(.signedIn), .get(.refusal(1001, "No.", #","cause":"never""#)),
                .get(.result(TokenCommandTests.token)), .get(.refusal(1006, "Not reached.")),
                .start(.signedIn),
            ], input: .text("123456\n"))
        session.profiles = Self.list(
            // The agent has not read the keyring for the first two.
            ("a", "signed_out"), ("b", "signed_out"), ("c", "signed_in"), ("d", "offline"), ("e", "mfa_required"))
        let ending = try session.run("login", "--all")
        #expect(ending.status == 75)
        #expect(ending.words.contains("d: Not reached."))
        #expect(ending.params.last == .object(["profile": .string("e")]))
    }

    @Test("--all ends where no dialog can be shown, rather than have each profile's code sent in vain")
    func unusable() throws {
        let pinentry = try ScriptedPinentry("EXIT", "EXIT")
        let ended = Session.Exchange.get(.refusal(1001, "Ended.", #","cause":"expired""#))
        var session = Session(script: [ended, ended, .start(.code()), .cancel, ended, ended, .start(.code()), .cancel])
        session.profiles = Self.list(("a", "signed_out"), ("b", "signed_out"))
        session.hello = pinentry.hello
        let ending = try session.run("login", "--all", "--prompt", "pinentry")
        #expect(ending.status == 77 && ending.requests.count == 4)
        #expect(ending.words.contains("a: No prompt could be shown") && !ending.words.contains("b: "))
    }

    @Test("a prompt that was cancelled is not repeated by --all in that session, and is in the next")
    func declined() throws {
        let directory = try TemporaryDirectory(files: [])
        let ended = Session.Reply.refusal(1001, "Ended.", #","cause":"expired""#)
        func run(_ session: String, _ answer: String, _ script: [Session.Exchange]) throws -> Session.Ending {
            let pinentry = try ScriptedPinentry(answer)
            var run = Session(script: script, environment: ["XDG_RUNTIME_DIR": directory.path])
            run.profiles = Self.list(("work", "signed_out"))
            run.hello = pinentry.hello + #","session":{"id":"\#(session)","state":"active"}"#
            return try run.run("login", "--all", "--prompt", "pinentry")
        }
        let asked = [Session.Exchange.get(ended), .get(ended)]
        #expect(try run("c2", ScriptedPinentry.cancel, asked + [.start(.code()), .cancel]).status == 77)
        let again = try run("c2", "123456", asked)
        #expect(again.status == 0 && again.requests.count == 1)
        #expect(again.words.contains("work is passed over"))
        #expect(try run("c3", "123456", asked + [.start(.code()), .answer(.signedIn)]).status == 0)
        // A sign-in takes the note away.
        #expect(try run("c2", "123456", asked + [.start(.code()), .answer(.signedIn)]).status == 0)
    }

    @Test(
        "a sign-in that has ended is needed, though the agent still has a token to hand out",
        arguments: ["login_required", "mfa_required"])
    func endedWithToken(state: String) throws {
        var session = Session(script: [.start(.code()), .answer(.signedIn)])
        session.profiles = Self.list(("work", state))
        session.input = .text("123456\n")
        #expect(try session.run("login", "work", "--if-needed").status == 0)
    }

    @Test("--when-ready subscribes first, asks nothing until an event that matters, and then once more")
    func whenReady() throws {
        func event(_ type: String) -> String {
            #"{"jsonrpc":"2.0","method":"event","params":{"type":"\#(type)","at":1}}"#
        }
        let locked = Session.Reply.refusal(1004, "The keyring is locked.")
        let session = Session(
            script: [
                .init(method: "events.subscribe", reply: .result("{}")),
                .get(.telling(event("refreshed"), .telling(event("keyring"), locked))),
                .get(.telling(event("unlocked"), .refusal(1003, "Locked.", #","cause":"screen""#))),
                .get(.telling(event("network"), .refusal(1006, "Not reached.", #","retry_after":3600"#))),
                .get(.refusal(1006, "Not reached.", #","retry_after":1"#)), .get(.result(TokenCommandTests.token)),
            ])
        let ending = try session.run("login", "--if-needed", "--when-ready")
        #expect(ending.status == 0)
        #expect(ending.requests.count == 6)
        #expect(ending.words.contains("Waiting until the keyring is unlocked.\n"))
    }

    @Test("--when-ready asks nothing at an event of another kind, and where the agent is restarted, asks the next one")
    func otherEvent() throws {
        let event = #"{"jsonrpc":"2.0","method":"event","params":{"type":"refreshed","at":1}}"#
        let session = Session(script: [
            .init(method: "events.subscribe", reply: .result("{}")),
            .get(.leaving(event, .refusal(1004, "The keyring is locked."))),
            .init(method: "events.subscribe", reply: .result("{}")), .get(.result(TokenCommandTests.token)),
        ])
        let ending = try session.run("login", "--if-needed", "--when-ready")
        #expect(ending.status == 0 && ending.requests.count == 4)
    }

    @Test("--when-ready ends when the agent goes and no other comes, and at once where no waiting helps")
    func whenReadyEnds() throws {
        let subscribe = Session.Exchange(method: "events.subscribe", reply: .result("{}"))
        let session = Session(script: [subscribe, .get(.refusal(1015, "Misconfigured."))])
        #expect(try session.run("login", "--if-needed", "--when-ready").status == 78)
        var gone = session
        gone.script = [
            .init(method: "events.subscribe", reply: .bytes(#"{"jsonrpc":"2.0","id":1,"result":{}}"# + "\n")),
            .get(.refusal(1004, "The keyring is locked.")), .init(method: "events.subscribe", reply: .hangUp),
        ]
        #expect(try gone.run("login", "--if-needed", "--when-ready").status == 69)
    }
}

extension Session.Exchange {
    static func get(_ reply: Session.Reply) -> Self { Self(method: "token.get", reply: reply) }
}
