import Glibc
import PosternProtocol
import Testing

@testable import postern

@Suite("watch")
struct WatchCommandTests {
    @Test("every kind of event has words, with the profile in front")
    func words() throws {
        let event = Event(.loginRequired, profile: "work", at: 1_700_000_000)
        #expect(WatchCommand.words(event, now: 1_700_000_000).text.hasSuffix("work: sign-in needed (unknown cause)"))
        for kind in Event.Kind.allCases {
            #expect(!WatchCommand.words(Event(kind, at: 0)).text.isEmpty)
        }
    }

    @Test("it asks for the profile's events, and ends with 69 when the agent is gone")
    func hangUp() throws {
        let session = Session(script: [.init(method: "events.subscribe", reply: .hangUp)])
        let ending = try session.run("watch", "work")
        #expect(ending.status == 69)
        #expect(ending.params == [.object(["profile": .string("work")])])
    }

    @Test("Ctrl-C ends it with 130")
    func interrupted() throws {
        let session = Session(script: [.init(method: "events.subscribe", reply: .silence(signal: SIGINT))])
        #expect(try session.run("watch").status == 130)
    }
}
