import FoundationEssentials
import Glibc
import PosternProtocol
import Testing

@testable import postern

@Suite("login by pinentry")
struct PinentryLoginTests {
    private typealias Factor = ScriptedFactor

    static func profile(
        _ name: String = "work", _ state: String = "login_required", cause: String? = "expired", more: String = ""
    ) -> String {
        let error = cause.map {
            #","last_error":{"code":1001,"message":"m","data":{"reason":"r","retryable":false,"cause":"\#($0)"}}"#
        }
        return """
            {"name":"\(name)","default":true,"issuer":"https://acme.eu.auth0.com/","state":"\(state)",\
            "persist":"keyring","saved":true\(error ?? "")\(more)}
            """
    }

    private func run(
        _ pinentry: ScriptedPinentry, _ script: [Session.Exchange], profile: String = profile(),
        _ arguments: String...
    ) throws -> Session.Ending {
        var session = Session(script: script)
        session.hello = pinentry.hello
        session.profiles = "[\(profile)]"
        return try session.run(["login", "--prompt", "pinentry"] + arguments)
    }

    @Test("a code is asked for in a dialog that says who asks and why, and a wrong one is said in the next")
    func code() throws {
        let pinentry = try ScriptedPinentry("111111", "123 456")
        let ending = try run(
            pinentry,
            [.start(.code()), .answer(.refusal(1008, "The code is wrong.")), .answer(.signedIn)])
        #expect(ending.status == 0)
        #expect(ending.params.suffix(2) == [.answer("code", "111111"), .answer("code", "123 456")])
        let description = """
            Postern: profile work of acme.eu.auth0.com asks you to sign in, because the last sign-in has expired.

            A code was sent by e-mail to a***@example.com.
            OK with nothing typed has another code sent.
            """
        #expect(pinentry.descriptions == [description, description])
        #expect(pinentry.errors == ["The code is wrong."])
        #expect(pinentry.log.filter { $0.hasPrefix("SETPROMPT") } == ["SETPROMPT Code:", "SETPROMPT Code:"])
        // How it has ended is all that is said elsewhere.
        #expect(ending.words.hasPrefix("Signed in as ada@example.com (profile work)"))
        #expect(ending.output.isEmpty)
        #expect(!(pinentry.surroundings + ending.words).contains("123 456"))
        #expect(!pinentry.surroundings.contains("POSTERN_"))
    }

    @Test("the lock names the profile that is asked about, also the default one", arguments: [[], ["work"]])
    func lock(arguments: [String]) throws {
        let directory = try TemporaryDirectory(files: [])
        mkdir(directory.path + "/postern", 0o700)
        let lock = directory.path + "/postern/prompt.lock"
        let pinentry = try ScriptedPinentry("123456")
        let isNamed: @Sendable () -> Bool = { (try? String(contentsOfFile: lock, encoding: .utf8)) == "work" }
        var session = Session(script: [.start(.once(isNamed, .code())), .answer(.signedIn)])
        session.hello = pinentry.hello
        session.profiles = "[\(Self.profile())]"
        session.environment = ["XDG_RUNTIME_DIR": directory.path]
        let begin = ContinuousClock.now
        #expect(try session.run(["login", "--prompt", "pinentry"] + arguments).status == 0)
        // Session answers after 10 s all the same.
        #expect(ContinuousClock.now - begin < .seconds(8))
    }

    @Test("a program that answers at once, over and over, with what is no code is not asked for ever")
    func endless() throws {
        let pinentry = try ScriptedPinentry(Array(repeating: "x", count: 40).joined(separator: "\n"))
        let refusals = Array(repeating: Session.Exchange.answer(.refusal(1008, "That is no code.")), count: 30)
        let ending = try run(pinentry, [.start(.code())] + refusals + [.cancel])
        #expect(ending.status == 77 && ending.params.last == .login)
        #expect(ending.words.contains("it answers over and over, with nothing that helps"))
    }

    @Test("with --json a refused dialog is an error that programs can read", arguments: [true, false])
    func json(isCancelled: Bool) throws {
        let pinentry = try ScriptedPinentry(isCancelled ? ScriptedPinentry.cancel : "EXIT")
        let ending = try run(pinentry, [.start(.code()), .cancel], "--json")
        #expect(ending.status == 77 && ending.output.isEmpty)
        let error = try JSONDecoder().decode(AgentError.self, from: Data(ending.words.utf8))
        #expect(error.code == .denied && error.data.cause == (isCancelled ? "person" : "no_dialog"))
    }

    @Test("no code is sent where the program does not run", arguments: ["/nonexistent/pinentry", "/bin/true"])
    func notRunning(program: String) throws {
        var session = Session(script: [])
        session.hello = #","pinentry":"\#(program)""#
        session.profiles = "[\(Self.profile())]"
        let ending = try session.run("login", "--prompt", "pinentry")
        #expect(ending.status == 77 && ending.requests.isEmpty)
        #expect(ending.words.contains("No prompt could be shown: \(program) "))
    }

    @Test("an address is asked for, and OK with nothing typed has another code sent")
    func addressAndResend() throws {
        let pinentry = try ScriptedPinentry("ada@example.com", "", "123456")
        let ending = try run(
            pinentry,
            [
                .start(.refusal(-32602, "No address.", #","missing":["username"]"#)), .start(.code()),
                .resend(.code(revision: 2)), .answer(.signedIn),
            ])
        #expect(ending.status == 0)
        #expect(pinentry.errors == ["Another code is on its way."])
    }

    @Test("a list is shown in the dialog, and its number or word is typed")
    func choice() throws {
        let pinentry = try ScriptedPinentry("9", "otp", "111111")
        let ending = try run(
            pinentry,
            [.start(.chooseFactor(Factor.sms, Factor.otp)), .answer(.factorCode(Factor.otp)), .answer(.signedIn)])
        #expect(ending.status == 0)
        #expect(ending.params.suffix(2) == [.answer("factor", "totp|dev_1"), .answer("code", "111111")])
        try #require(pinentry.descriptions.count == 3)
        #expect(pinentry.descriptions[1].contains("  1  text message to XXX1234\n  2  authenticator app"))
        #expect(pinentry.errors.first?.contains("None of these is meant by \"9\".") == true)
    }

    @Test("a dialog stands while a push is waited for, and goes when it was answered")
    func push() throws {
        let pinentry = try ScriptedPinentry("WAIT")
        let push = Session.Reply.push(Factor.push, all: Factor.all)
        let ending = try run(pinentry, [.start(push), .wait(push), .wait(.signedIn)])
        #expect(ending.status == 0)
        #expect(pinentry.log.contains("SETOK Other ways") && pinentry.log.last == "ended")
        #expect(pinentry.descriptions[0].contains("A push notification was sent to Ada's phone"))
    }

    @Test("a push can be left for another way, cancelled, or be waited for without the dialog")
    func pushButtons() throws {
        let push = Session.Reply.push(Factor.push, all: Factor.all)
        var pinentry = try ScriptedPinentry("", "otp", "111111")
        let other = try run(
            pinentry,
            [
                .start(push), .wait(.once(pinentry.hasAnswered, push)), .answer(.factorCode(Factor.otp)),
                .answer(.signedIn),
            ])
        #expect(other.status == 0 && other.params.last == .answer("code", "111111"))

        pinentry = try ScriptedPinentry(ScriptedPinentry.cancel)
        let cancelled = try run(pinentry, [.start(push), .wait(.once(pinentry.hasAnswered, push)), .cancel])
        #expect(cancelled.status == 77 && cancelled.params.last == .login)

        pinentry = try ScriptedPinentry("", ScriptedPinentry.cancel)
        let alone = Session.Reply.push(Factor.push)
        let hidden = try run(
            pinentry, [.start(alone), .wait(.once(pinentry.hasAnswered, alone)), .wait(alone), .wait(.signedIn)])
        #expect(hidden.status == 0)
        #expect(pinentry.log.contains("SETOK Hide") && pinentry.descriptions.count == 1)
    }

    @Test("an app's key and the recovery codes are shown in dialogs and nowhere else")
    func enrollment() throws {
        let pinentry = try ScriptedPinentry("", "123456")
        let confirm = Session.Reply.enrollConfirm(
            "otp", #","secret":"ABCDEFGH","uri":"otpauth://totp/x","recovery_codes":["RECO-VERY"]"#)
        let ending = try run(pinentry, [.start(confirm), .answer(.signedIn(#","recovery_code":"NEWC-ODE""#))])
        try #require(ending.status == 0, "\(ending.words) \(pinentry.log)")
        try #require(pinentry.descriptions.count == 3)
        #expect(pinentry.descriptions[0].contains("\nRECO-VERY"))
        #expect(pinentry.descriptions[1].contains("  ABCD EFGH\n"))
        #expect(pinentry.descriptions[2].contains("\nNEWC-ODE"))
        for secret in ["ABCD", "RECO", "NEWC", "123456", "otpauth"] {
            #expect(!(ending.words + pinentry.surroundings).contains(secret))
        }
    }

    @Test("more than a dialog holds is shown in several, with nothing cut")
    func pages() throws {
        let codes = (0..<60).map { "CODE-\($0)-ABCDEFGHIJKLMNOPQRST" }
        let list = codes.map { "\"\($0)\"" }.joined(separator: ",")
        let pinentry = try ScriptedPinentry()
        let ending = try run(pinentry, [.start(.signedIn(#","recovery_codes":[\#(list)]"#))])
        #expect(ending.status == 0)
        #expect(pinentry.descriptions.count == 3)
        for code in codes { #expect(pinentry.descriptions.contains { "\($0)\n".contains("\n\(code)\n") }) }
    }

    @Test(
        "a cancelled prompt is 77 and cancels at the agent, and so is one that nobody answers",
        arguments: [true, false])
    func declined(isCancelled: Bool) throws {
        let pinentry = try ScriptedPinentry(isCancelled ? ScriptedPinentry.cancel : ScriptedPinentry.timeout)
        let ending = try run(pinentry, [.start(.code()), .cancel])
        #expect(ending.status == 77)
        #expect(ending.params.last == .login)
        #expect(
            ending.words.contains(isCancelled ? "The sign-in was cancelled." : "Nobody answered the prompt in 5 min"))
    }

    @Test("a prompt that cannot be shown is 77, with what to do")
    func noDialog() throws {
        let broken = try ScriptedPinentry("EXIT")
        let ended = try run(broken, [.start(.code()), .cancel])
        #expect(ended.status == 77 && ended.words.contains("No prompt could be shown"))
        #expect(ended.params.last == .login)

        var session = Session()
        session.environment = ["PATH": "/nonexistent", "GNUPGHOME": "/nonexistent"]
        let none = try session.run("login", "--prompt", "pinentry")
        #expect(none.status == 77 && none.words.contains("Install one"))
        #expect(none.requests.isEmpty)
        session.hello = #","pinentry":"/nonexistent/pinentry""#
        session.script = [.start(.code()), .cancel]
        let missing = try session.run("login", "--prompt", "pinentry")
        #expect(missing.status == 77 && missing.words.contains("/nonexistent/pinentry cannot be run"))
    }

    @Test("another person's address is asked about before anything is sent")
    func otherPerson() throws {
        let profile = Self.profile(
            more: #","username":"eve@example.com","account":{"sub":"1","email":"ada@example.com"}"#)
        let pinentry = try ScriptedPinentry(ScriptedPinentry.cancel)
        let ending = try run(pinentry, [], profile: profile)
        #expect(ending.status == 77 && ending.requests.isEmpty)
        #expect(pinentry.log.last { $0.hasPrefix("CONFIRM") } != nil)
    }

    @Test("texts of a tenant become no markup, and a key stays what it is")
    func markup() {
        #expect(PromptText.plain("<b>a</b> & \u{1B}[2J\nb") == "(b)a(/b) + [2J b")
        #expect(PromptText.exact("otpauth://x?a=1&b=2<i>&lt;") == "otpauth://x?a=1&b=2%3Ci%3E&lt%3B")
    }

    @Test("Ctrl-C is 130 and cancels at the agent")
    func interrupted() throws {
        let pinentry = try ScriptedPinentry("WAIT")
        let ending = try run(
            pinentry, [.start(.push(Factor.push)), .wait(.silence(signal: SIGINT)), .cancel])
        #expect(ending.status == 130)
        #expect(ending.params.last == .login)
        #expect(pinentry.log.last == "ended")
    }

    @Test(
        "auto asks by pinentry where stdin is the null device and there is a display, and nowhere else",
        arguments: [(true, true), (true, false), (false, true)])
    func auto(isNull: Bool, hasDisplay: Bool) throws {
        let pinentry = try ScriptedPinentry("123456")
        var session = Session(script: [.start(.code()), .answer(.signedIn)])
        session.hello = pinentry.hello
        session.input = isNull ? .null : .text("654321\n")
        if hasDisplay { session.environment = ["WAYLAND_DISPLAY": "wayland-9"] }
        let ending = try session.run("login")
        #expect(ending.status == (isNull && !hasDisplay ? 75 : 0))
        #expect(pinentry.descriptions.isEmpty == !(isNull && hasDisplay))
    }
}
