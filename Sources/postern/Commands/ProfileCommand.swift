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
        abstract: "Remove a profile.",
        discussion: """
            Takes it out of the file. To end the sign-in as well, run `postern logout NAME` first.

              postern profile remove work
            """)

    @Argument(help: "The profile's name.")
    var name: String

    @OptionGroup var options: AgentOptions

    func validate() throws {
        _ = try options.profile(or: name)
    }

    func run() throws {
        let terminal = Terminal()
        let answer = try options.connect().call(RemoveProfile(name: name))
        if options.json { try terminal.answer(json: answer.json) }
        terminal.say("Removed profile \(name).")
    }
}
