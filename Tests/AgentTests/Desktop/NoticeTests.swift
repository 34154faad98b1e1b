import Testing

@testable import Agent

@Suite("What a notification says")
struct NoticeTests {
    @Test(
        "one profile's need has its own words, and says what to run",
        arguments: [
            (
                .signIn(reason: "expired"), "Sign in to Postern: work",
                "has ended: it has expired. Run 'postern login work'."
            ),
            (.signIn(reason: "user_deleted"), "Sign in to Postern: work", "the tenant has deleted the user"),
            (.signIn(reason: "no such word"), "Sign in to Postern: work", "The sign-in of profile work has ended. Run"),
            (.suspectedTheft, "Possible theft of tokens: work", "somebody else may have used it"),
            (.secondFactor, "Second factor needed: work", "before it renews"),
            (.unsaved, "Tokens not saved: work", "The keyring does not take"),
            (.ending(within: 259_200), "Sign-in ends within 3 days: work", "before it ends"),
        ] as [(PersonNeed, String, String)])
    func words(need: PersonNeed, summary: String, part: String) {
        let notification = Notice(about: [("work", need)])
        #expect(notification.summary == summary)
        #expect(notification.body.contains(part), "\(notification.body)")
        #expect(notification.isCritical == (need == .suspectedTheft))
        #expect(notification.signIn == ([.unsaved, .ending].contains(need.kind) ? nil : .profile("work")))
        #expect(notification.stays == (need.kind <= .secondFactor))
    }

    @Test("needs of several kinds are a line each")
    func mixed() {
        let notification = Notice(about: [
            ("a", .secondFactor), ("a", .unsaved), ("b", .suspectedTheft), ("c", .secondFactor),
        ])
        #expect(notification.summary == "Postern needs you: a, b, c")
        #expect(
            notification.body
                == "Possible theft of tokens: b.\nSecond factor needed: a, c.\nTokens not saved: a.")
        #expect(notification.isCritical && notification.stays)
        #expect(notification.signIn == .all)
    }

    @Test("a thousand profiles are some names and a number, and long names are cut")
    func long() {
        let needs = (1...1000).map { ("profile-\($0)", PersonNeed.signIn(reason: "expired")) }
        let many = Notice(about: needs)
        #expect(many.summary == "Sign in to Postern: profile-1, profile-2, profile-3, profile-4 and 996 more")
        #expect(many.summary.utf8.count <= 80 && many.body.utf8.count <= 300)
        let name = String(repeating: "x", count: 64)
        for need in [PersonNeed.suspectedTheft, .ending(within: 3600)] {
            let long = Notice(about: [(name, need)])
            #expect(long.summary.utf8.count <= 80 && long.body.utf8.count <= 300)
            #expect(long.body.hasSuffix("Run 'postern login \(name)'."))
        }
    }

    @Test(
        "a unit's name has the profile's as systemd-escape(1) writes it",
        arguments: [
            ("work", "postern-login@work.service"), ("a_B.9", "postern-login@a_B.9.service"),
            ("my-work", #"postern-login@my\x2dwork.service"#), (".x.", #"postern-login@\x2ex..service"#),
            ("-", #"postern-login@\x2d.service"#),
        ])
    func unit(profile: String, name: String) {
        #expect(LoginUnit.name(for: .profile(profile)) == name)
        #expect(LoginUnit.name(for: .all) == "postern-login.service")
    }
}
