import ArgumentParser
import PosternProtocol

/// `postern profile`, a group.
struct ProfileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile",
        abstract: "Add or remove a profile in postern.conf.",
        discussion: "Your comments in the file are kept.",
        subcommands: [AddProfileCommand.self, RemoveProfileCommand.self])
}

/// `postern profile remove`.
struct RemoveProfileCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Sign out of a profile and remove it.",
        discussion: """
            Signs out first, as `postern logout NAME` does, and takes the profile out of the file whatever comes of it. \
            Exits 75 if something remains to be done, and says what.

              postern profile remove work
            """)

    @Argument(help: "The profile's name.")
    var name: String

    @Flag(help: "Do not sign out.")
    var keep = false

    @OptionGroup var options: AgentOptions

    func validate() throws {
        _ = try options.profile(or: name)
    }

    func run() throws {
        let terminal = Terminal()
        let answer = try options.connect().call(RemoveProfile(name: name, keep: keep ? true : nil))
        if options.json { try terminal.answer(json: answer.json) }
        terminal.say("Removed profile \(name).")
        let done = answer.value
        if let revoked = done.revoked, let deleted = done.deleted {
            try Logout.Response(revoked: revoked, deleted: deleted, reason: done.reason)
                .tell(profile: nil, terminal)
        } else if let reason = done.reason {
            var failure = Failure("Something remains.", status: ExitStatus.tryAgain)
            failure.advice = ["Reason: \(reason)"]
            throw failure
        }
    }
}
