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
        for (kind, words) in [(Event.Kind.locked, "screen locked: profiles"), (.unlocked, "screen unlocked")] {
            var event = Event(kind, at: 0)
            #expect(WatchCommand.words(event).text.contains("agent"))
            event.cause = "screen"
            #expect(WatchCommand.words(event).text.contains(words))
        }
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

    @Test(
        "the status of a profile names the session that it has to do with",
        arguments: [
            ("session", DesktopSession(id: "c2", state: .active), "c2, active: the tokens end with it"),
            ("keyring", DesktopSession(id: "c2", state: .active), "c2, active"),
            ("keyring", DesktopSession(id: "c2", state: .locked), "c2, locked: nothing is served until it is unlocked"),
            (
                "session", DesktopSession(id: "c2", state: .locked),
                "c2, locked: the tokens end with it; with lock = screen nothing is served until it is unlocked"
            ),
            ("keyring", DesktopSession(id: "", state: .none), "none: nothing is served without one"),
            ("session", DesktopSession(id: "", state: .none), "none: the tokens end with your last session"),
        ])
    func session(persist: String, session: DesktopSession, words: String) {
        var profile = ProfileStatus(name: "work", issuer: "i", state: .signedIn, persist: persist, saved: true)
        profile.session = session
        let status = GetStatus.Response(
            version: "1", startedAt: 0, locked: false, keyring: .available, configFile: "f", configError: nil,
            profiles: [profile],
            counters: [:])
        let lines = StatusReport(now: 0).lines(status, profiles: [profile]).map(\.text)
        #expect(lines.contains("  session   \(words)"))
    }
}
