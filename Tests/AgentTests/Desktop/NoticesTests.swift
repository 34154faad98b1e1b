import Foundation
import Testing

@testable import Agent

@Suite("Which notifications there are to be")
struct NoticesTests {
    private static let ended = PersonNeed.signIn(reason: "expired")

    @Test("a need is shown once, when it has lasted a moment, and closed when it is gone")
    func one() {
        var desk = Desk()
        desk.set("work", Self.ended)
        desk.pass(1.9)
        #expect(desk.shown.isEmpty)
        desk.pass(0.2)
        #expect(desk.summaries == ["Sign in to Postern: work"])
        desk.set("work", Self.ended)
        desk.pass(100)
        #expect((desk.appearances, desk.replacements) == (1, 0))
        desk.set("work")
        #expect(desk.shown.isEmpty)
        #expect(desk.notices.isIdle && desk.notices.next(at: desk.now) == nil)
    }

    @Test("what is gone before it was shown is never shown")
    func brief() {
        var desk = Desk()
        desk.set("work", Self.ended)
        desk.pass(1)
        desk.set("work")
        desk.pass(100)
        #expect(desk.appearances == 0)
        #expect(desk.notices.next(at: desk.now) == nil)
    }

    @Test("profiles with the same need share a notification, which is replaced as they come and go")
    func shared() {
        var desk = Desk()
        for name in ["b", "a"] { desk.set(name, Self.ended) }
        desk.pass(2)
        #expect(desk.summaries == ["Sign in to Postern: a, b"])
        desk.set("c", Self.ended)
        desk.pass(2)
        #expect(desk.summaries == ["Sign in to Postern: a, b, c"])
        desk.set("a")
        desk.pass(2)
        #expect(desk.summaries == ["Sign in to Postern: b, c"])
        #expect((desk.appearances, desk.replacements) == (1, 2))
    }

    @Test("what does not stop coming is shown after ten seconds")
    func stream() {
        var desk = Desk()
        for number in 1...9 {
            desk.set("p\(number)", Self.ended)
            desk.pass(1)
            #expect(desk.shown.isEmpty)
        }
        desk.set("p0", Self.ended)
        desk.pass(1)
        #expect(desk.appearances == 1)
    }

    @Test("other kinds of needs have notifications of their own, also for one profile")
    func apart() {
        var desk = Desk()
        desk.set("a", .secondFactor, .ending(within: 86_400))
        desk.set("b", .suspectedTheft)
        desk.pass(2)
        #expect(
            desk.summaries == [
                "Possible theft of tokens: b", "Second factor needed: a", "Sign-in ends within a day: a",
            ])
        desk.set("a", .ending(within: 86_400))
        #expect(desk.summaries == ["Possible theft of tokens: b", "Sign-in ends within a day: a"])
        #expect(desk.replacements == 0)
    }

    @Test(
        "around a session's start or a resume one notification has everything, be it of ten profiles that come one by one"
    )
    func gathered() {
        var desk = Desk()
        desk.notices.gather(at: desk.now)
        for number in 0..<10 {
            desk.set("p\(number)", number == 0 ? .suspectedTheft : number < 5 ? Self.ended : .secondFactor)
            desk.pass(7)
            #expect(desk.appearances <= 1 && desk.shown.count <= 1)
        }
        #expect(desk.shown[1]?.isCritical == true)
        #expect(desk.shown[1]?.body.contains("p9") == true)
        // What comes later has its own.
        desk.pass(100)
        desk.set("late", Self.ended)
        desk.pass(2)
        #expect(desk.shown.count == 2)
        for number in 0..<10 { desk.set("p\(number)") }
        #expect(desk.summaries == ["Sign in to Postern: late"])
    }

    @Test("what the person has closed is not shown again until it arises anew, and not named with others")
    func dismissed() {
        var desk = Desk()
        desk.set("a", Self.ended)
        desk.pass(2)
        desk.close(1, isDismissal: true)
        desk.pass(1000)
        #expect(desk.appearances == 1)
        desk.set("b", Self.ended)
        desk.pass(2)
        #expect(desk.summaries == ["Sign in to Postern: b"])
        desk.set("a")
        desk.set("a", Self.ended)
        desk.pass(2)
        #expect(desk.summaries == ["Sign in to Postern: a, b"])
    }

    @Test("what the server has closed by itself is not shown again, but named with what comes")
    func expired() {
        var desk = Desk()
        desk.set("a", Self.ended)
        desk.pass(2)
        desk.close(1, isDismissal: false)
        desk.pass(1000)
        #expect(desk.appearances == 1)
        desk.set("b", Self.ended)
        desk.pass(2)
        #expect(desk.summaries == ["Sign in to Postern: a, b"])
    }

    @Test("the next warning of an end takes the place of the last one, and is shown to who has closed that")
    func warnings() {
        var desk = Desk()
        desk.set("a", .ending(within: 3 * 86_400))
        desk.pass(2)
        #expect(desk.summaries == ["Sign-in ends within 3 days: a"])
        desk.set("a", .ending(within: 86_400))
        desk.pass(2)
        #expect(desk.summaries == ["Sign-in ends within a day: a"])
        #expect((desk.appearances, desk.replacements) == (1, 1))
        desk.close(1, isDismissal: true)
        desk.set("a", .ending(within: 3600))
        desk.pass(2)
        #expect(desk.summaries == ["Sign-in ends within an hour: a"])
    }

    @Test("tokens are said to be unsaved when they have been for half a minute")
    func unsaved() {
        var desk = Desk()
        desk.set("a", .unsaved)
        desk.pass(29)
        desk.set("a")
        desk.pass(100)
        #expect(desk.appearances == 0)
        desk.set("a", .unsaved)
        desk.pass(33)
        #expect(desk.summaries == ["Tokens not saved: a"])
    }

    @Test("a server that comes back shows once what still holds, without what was closed")
    func restart() {
        var desk = Desk()
        desk.set("a", Self.ended)
        desk.set("b", .secondFactor)
        desk.set("c", .suspectedTheft)
        desk.pass(2)
        #expect(desk.summaries.last == "Second factor needed: b")
        desk.close(3, isDismissal: true)
        desk.notices.serverLeft(":1.1")
        (desk.shown, desk.server) = ([:], nil)
        desk.set("a")
        desk.pass(1000)
        #expect(desk.appearances == 3 && !desk.notices.isIdle)
        desk.server = ":1.2"
        desk.notices.serverCame(at: desk.now)
        desk.pass(1000)
        #expect(desk.summaries == ["Possible theft of tokens: c"])
        #expect(desk.appearances == 4)
    }

    @Test("without a server nothing is tried again until there is one, or something new")
    func none() {
        var desk = Desk()
        desk.server = nil
        desk.set("a", Self.ended)
        desk.pass(2)
        #expect(desk.notices.next(at: desk.now) == nil)
        desk.server = ":1.1"
        desk.pass(1000)
        #expect(desk.appearances == 0)
        desk.set("b", Self.ended)
        desk.pass(2)
        #expect(desk.summaries == ["Sign in to Postern: a, b"])
    }

    @Test("the departure of another server changes nothing")
    func otherServer() {
        var desk = Desk()
        desk.set("a", Self.ended)
        desk.pass(2)
        desk.notices.serverLeft(":1.0")
        desk.notices.serverCame(at: desk.now)
        desk.pass(100)
        #expect((desk.appearances, desk.replacements) == (1, 0))
    }

    @Test("switched off, what is shown is closed and nothing is; switched on, what came meanwhile is")
    func off() {
        var desk = Desk()
        desk.set("a", Self.ended)
        desk.pass(2)
        desk.notices.configure(areShown: false, profiles: ["a", "b"], at: desk.now)
        desk.act()
        #expect(desk.shown.isEmpty)
        desk.set("b", Self.ended)
        desk.set("c", .unsaved)
        desk.pass(100)
        #expect(desk.appearances == 1 && desk.notices.next(at: desk.now) == nil)
        desk.notices.configure(areShown: true, profiles: ["a", "b", "c"], at: desk.now)
        desk.pass(3)
        #expect(desk.summaries.count == 2)
    }

    @Test("a profile that is gone needs nobody")
    func removed() {
        var desk = Desk()
        for name in ["a", "b"] { desk.set(name, Self.ended) }
        desk.pass(2)
        desk.notices.configure(areShown: true, profiles: ["b"], at: desk.now)
        desk.pass(2)
        #expect(desk.summaries == ["Sign in to Postern: b"])
        desk.notices.configure(areShown: true, profiles: [], at: desk.now)
        desk.act()
        #expect(desk.shown.isEmpty)
    }

    @Test("the action signs in to what the notification is about, and only if that is from the server that shows it")
    func action() {
        var desk = Desk()
        desk.set("a", Self.ended)
        desk.set("b", .unsaved)
        desk.pass(40)
        let (first, second) = (
            Notices.Handle(server: ":1.1", number: 1), Notices.Handle(server: ":1.1", number: 2)
        )
        #expect(desk.notices.signIn(of: first) == .profile("a"))
        #expect(desk.notices.signIn(of: second) == nil)
        #expect(desk.notices.signIn(of: Notices.Handle(server: ":1.9", number: 1)) == nil)
        desk.set("c", Self.ended)
        desk.pass(2)
        #expect(desk.notices.signIn(of: first) == .all)
    }
}
