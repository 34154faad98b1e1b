import Foundation
import PosternProtocol
import Testing

@testable import Agent

@Suite("What is known of the desktop")
struct DesktopStateTests {
    private static let now = Date(timeIntervalSince1970: 1000)
    private static let one = DesktopState.Sessions(display: "2", open: ["2"])
    private static let locked = DesktopState.Sessions(display: "2", isHintedLocked: true, open: ["2"])

    private static func state(_ news: [DesktopState.News]) -> DesktopState {
        var state = DesktopState()
        for news in news { state.take(news) }
        return state
    }

    @Test(
        "the session is active, locked or none",
        arguments: [
            ([], .none), ([.sessions(nil)], .none), ([.sessions(.init())], .none), ([.sessions(one)], .active),
            ([.sessions(locked)], .locked), ([.sessions(locked), .sessions(one)], .active),
            // The login manager's wishes.
            ([.sessions(one), .lock(session: "2")], .locked),
            ([.sessions(one), .lock(session: "2"), .unlock(session: "2")], .active),
            ([.sessions(one), .lock(session: "2"), .sessions(locked)], .locked),
            ([.sessions(one), .lock(session: "2"), .sessions(locked), .sessions(one)], .active),
            ([.sessions(one), .lock(session: "3")], .active),
            ([.sessions(one), .lock(session: "2"), .unlock(session: "3")], .locked),
            ([.sessions(locked), .unlock(session: "2")], .locked),
            // Another session takes the display.
            ([.sessions(one), .lock(session: "2"), .sessions(.init(display: "3", open: ["2", "3"]))], .active),
            ([.sessions(one), .sessions(.init())], .none),
            ([.sessions(one), .lock(session: "2"), .sessions(nil)], .none),
            (
                [
                    .sessions(one), .lock(session: "2"), .sessions(.init(display: "3", open: ["2", "3"])),
                    .sessions(one),
                ], .locked
            ),
            // A login manager that is restarted, or not to be reached, has unlocked nothing, whatever a screen saver says that never locks.
            ([.sessions(one), .lock(session: "2"), .sessions(nil), .sessions(one)], .locked),
            ([.sessions(one), .lock(session: "2"), .sessions(locked), .sessions(nil), .sessions(one)], .active),
            ([.screenSaver(false), .sessions(locked), .sessions(nil)], .locked),
            ([.screenSaver(false), .sessions(one), .lock(session: "2"), .sessions(nil)], .locked),
            ([.screenSaver(false), .sessions(locked), .sessions(nil), .sessions(one)], .active),
            ([.sessions(locked), .screenSaver(true), .sessions(nil), .screenSaver(false)], .active),
            ([.sessions(locked), .screenSaver(true), .sessions(nil), .screenSaver(false), .sessions(locked)], .locked),
            // Nor is one absent that has not been heard of yet.
            ([.screenSaver(false)], .none),
            // The screen saver, beside the login manager and without one.
            ([.sessions(one), .screenSaver(true)], .locked), ([.sessions(one), .screenSaver(false)], .active),
            ([.sessions(one), .screenSaver(nil)], .active), ([.sessions(locked), .screenSaver(false)], .locked),
            ([.sessions(one), .lock(session: "2"), .screenSaver(true), .screenSaver(false)], .active),
            ([.sessions(nil), .screenSaver(false)], .active), ([.sessions(nil), .screenSaver(true)], .locked),
            ([.screenSaver(true), .sessions(nil), .screenSaver(false)], .active),
            // One that dies has unlocked nothing.
            ([.sessions(one), .screenSaver(true), .screenSaver(nil)], .locked),
            ([.sessions(one), .screenSaver(true), .screenSaver(nil), .unlock(session: "2")], .active),
            ([.sessions(.init()), .screenSaver(false)], .none),
            // Sleep.
            ([.sessions(one), .goingToSleep], .locked),
            ([.sessions(one), .goingToSleep, .unlock(session: "2")], .locked),
            ([.sessions(one), .goingToSleep, .resumed(at: now)], .locked),
            ([.sessions(one), .goingToSleep, .resumed(at: now - 9.9)], .locked),
            ([.sessions(one), .goingToSleep, .resumed(at: now - 10)], .active),
            ([.sessions(one), .goingToSleep, .resumed(at: now), .unlock(session: "2")], .active),
            ([.sessions(one), .goingToSleep, .resumed(at: now), .sessions(locked), .sessions(one)], .active),
            ([.sessions(locked), .goingToSleep, .resumed(at: now - 10)], .locked),
            ([.sessions(one), .goingToSleep, .resumed(at: now - 10), .screenSaver(true)], .locked),
        ] as [([DesktopState.News], DesktopSession.State)])
    func session(_ news: [DesktopState.News], _ expected: DesktopSession.State) {
        #expect(Self.state(news).session(at: Self.now).state == expected)
    }

    @Test("it is the session with the display")
    func display() {
        #expect(Self.state([.sessions(.init(display: "7", open: ["2", "7"]))]).session(at: Self.now).id == "7")
        #expect(Self.state([.sessions(.init())]).session(at: Self.now).id.isEmpty)
    }

    @Test(
        "a sign-in ends with its own session, at a reboot too, and not with another",
        arguments: [
            (.init(display: "2", open: ["2"]), "2", "boot", false),
            (.init(display: "3", open: ["2", "3"]), "2", "boot", false),
            (.init(display: "3", open: ["3"]), "2", "boot", true), (.init(), "2", "boot", true),
            (.init(display: "2", open: ["2"]), "2", "before", true),
            // Who signed in without a session, while none is left or ever was.
            (.init(), "", "boot", false), (.init(), "", "before", true),
            // Without a login manager nobody can tell.
            (nil, "2", "boot", false), (nil, "2", "before", false),
        ] as [(DesktopState.Sessions?, String, String, Bool)])
    func ended(_ sessions: DesktopState.Sessions?, _ id: String, _ boot: String, _ expected: Bool) {
        let state = Self.state([.sessions(sessions)])
        #expect(state.hasEnded(SessionMark(id: id, boot: boot), boot: "boot") == expected)
    }
}
