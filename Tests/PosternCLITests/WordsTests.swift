import PosternProtocol
import Testing

@testable import postern

@Suite("words")
struct WordsTests {
    @Test(
        "a length of time is said in the unit that fits it",
        arguments: [
            (0, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 hours"), (172_799, "47 hours"),
            (172_800, "2 days"),
        ])
    func duration(seconds: Int, words: String) {
        #expect(Moment.words(seconds: seconds) == words)
    }

    @Test("a moment is said as seen from now")
    func distance() {
        #expect(Moment(1180, now: 1000).distance == "in 3 min")
        #expect(Moment(1000, now: 1000).distance == "now")
        #expect(Moment(1000, now: 1000 + 2 * 86400).distance == "2 days ago")
    }

    @Test("the prompt for a code is always of the same width")
    func codePrompt() {
        let step = LoginStep.Code(channel: "email", sentTo: "a", resendAt: 0, codeExpiresAt: 1000)
        #expect(LoginDialogue.codePrompt(step, now: 823) == "Code ( 2:57 left): ")
        #expect(LoginDialogue.codePrompt(step, now: 2000) == "Code ( 0:00 left): ")
        #expect(LoginDialogue.codePrompt(step, now: 100) == "Code (15:00 left): ")
        #expect(LoginDialogue.codePrompt(step, now: -90000) == "Code (99:59 left): ")
    }

    @Test(
        "the way of a code is said in words",
        arguments: [("email", "by e-mail"), ("sms", "by text message"), ("acme", "through acme")])
    func channel(name: String, words: String) {
        let step = LoginStep.Code(channel: name, sentTo: "x", resendAt: 0, codeExpiresAt: 0)
        #expect(LoginDialogue.words(step, isJoined: false) == "A code was sent \(words) to x.")
    }

    @Test("a member is cut out of an object as it was written")
    func rawJSON() {
        let object = Array(#" { "result" : {"result":[1,{"a":"}\\\""}]} , "id":1,"x":"result","y": 2.50 }"#.utf8)
        #expect(RawJSON.member("result", of: object) == #"{"result":[1,{"a":"}\\\""}]}"#)
        #expect(RawJSON.member("id", of: object) == "1")
        #expect(RawJSON.member("y", of: object) == "2.50")
        #expect(RawJSON.member("a", of: object) == nil)
        #expect(RawJSON.member("x", of: Array("{}".utf8)) == nil)
    }
}
