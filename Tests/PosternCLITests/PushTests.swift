import Glibc
import PosternProtocol
import Testing

@testable import postern

@Suite("push notifications at sign-in")
struct PushTests {
    private typealias Factor = ScriptedFactor

    @Test("a push notification is waited for until it is answered")
    func push() throws {
        let session = Session(script: [
            .start(.push(Factor.push, all: Factor.all)), .wait(.push(Factor.push, all: Factor.all)), .wait(.signedIn),
        ])
        let ending = try session.run("login")
        #expect(ending.status == 0)
        #expect(ending.words.contains("A push notification was sent to Ada's phone: approve the sign-in there.\n"))
        #expect(!ending.words.contains("Waiting"))
        #expect(ending.params.suffix(2) == [.wait(seen: 3, timeout: 30), .wait(seen: 3, timeout: 30)])
    }

    @Test("a push notification that is refused ends it with the tenant's own words")
    func refusedPush() throws {
        let failed = Session.Reply.login(
            """
            {"kind":"failed","code":1014,"message":"The sign-in was refused.","data":{"reason":"denied",\
            "retryable":false,"error_description":"MFA Authorization rejected."}}
            """, revision: 4)
        let ending = try Session(script: [.start(.push(Factor.push)), .wait(failed)]).run("login")
        #expect(ending.status == 77)
        #expect(ending.words.contains("The tenant says: MFA Authorization rejected."))
    }

    @Test("on a terminal the wait shows, and b and Enter leads to the list")
    func pushWayBack() throws {
        let push = Session.Reply.push(Factor.push, all: Factor.all)
        let session = Session(
            script: [
                .start(push), .wait(.typed("x\n", push)), .wait(.typed("b\n", push)), .answer(.factorCode(Factor.otp)),
                .answer(.signedIn),
            ], input: .terminal([("Which one", .type("otp\n")), ("app: ", .type("111111\n"))]))
        let ending = try session.run("login")
        #expect(ending.status == 0)
        #expect(ending.words.contains("b and Enter shows the other ways; Ctrl-C cancels."))
        #expect(ending.words.contains("\u{1B}[KWaiting for you to approve the sign-in on Ada's phone (0 s)"))
        #expect(ending.params[1] == .wait(seen: 3, timeout: 1))
        #expect(ending.params.suffix(2) == [.answer("factor", "totp|dev_1"), .answer("code", "111111")])
    }

    @Test("the progress of a wait never wraps")
    func narrowWindow() throws {
        var session = Session(
            script: [.start(.push(Factor.push)), .wait(.signedIn)], input: .terminal([]), environment: ["NO_COLOR": "1"]
        )
        session.columns = 20
        let words = try session.run("login").words
        #expect(words.contains("\u{1B}[KWaiting for you to \r\u{1B}[K"))
    }

    @Test("a push notification that is approved while another factor is being chosen signs in")
    func approvedMeanwhile() throws {
        let push = Session.Reply.push(Factor.push, all: Factor.all)
        let session = Session(
            script: [
                .start(push), .wait(.typed("b\n", push)), .answer(.refusal(1012, "The login is over.")),
                .wait(.signedIn),
            ], input: .terminal([("Which one", .type("otp\n"))]))
        let ending = try session.run("login")
        #expect(ending.status == 0)
        #expect(ending.words.contains("Signed in as"))
    }

    @Test("Ctrl-C cancels while a push notification is waited for")
    func interruptedPush() throws {
        let session = Session(
            script: [.start(.push(Factor.push)), .wait(.silence(signal: SIGINT)), .cancel], input: .terminal([]))
        let ending = try session.run("login")
        #expect(ending.status == 130)
        #expect(ending.params.last == .login)
    }
}
