import ArgumentParser
import PosternProtocol

/// `postern mfa`, a group.
struct MFACommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mfa",
        abstract: "List, set up or remove your second factors.",
        discussion: """
            The tenant may want a fresh sign-in first; that one leaves the profile's tokens as they are.
            """,
        subcommands: [ListFactorsCommand.self, EnrollFactorCommand.self, RemoveFactorCommand.self])
}

/// `postern mfa list`.
struct ListFactorsCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Print the factors that are set up.",
        discussion: """
            One a line, in words and by the id that `postern mfa remove` takes.

              postern mfa list work
            """)

    @OptionGroup var profile: ProfileArgument
    @OptionGroup var options: AgentOptions

    func validate() throws {
        _ = try options.profile(or: profile.name)
    }

    func run() throws {
        let access = try FactorAccess(options)
        let request = ListFactors(profile: try options.profile(or: profile.name))
        if options.json {
            return try access.terminal.answer(json: access.answer(to: request, as: JSONValue.self).json)
        }
        guard case .answer(let answer) = try access.answer(to: request, as: ListFactors.Factors.self).value else {
            return
        }
        if answer.factors.isEmpty {
            access.terminal.say("No second factor is set up. Set one up: postern mfa enroll otp")
        }
        try access.terminal.answer(Table(rows: answer.factors.map { [$0.words, $0.id] }).lines)
    }
}

/// `postern mfa remove`.
struct RemoveFactorCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a factor.",
        discussion: """
            What shares its device goes with it: a phone's text messages and calls, an app's push notifications and \
            one-time codes.

              postern mfa list
              postern mfa remove 'totp|dev_8kM…'
            """)

    @Argument(help: "The factor's id, as in `postern mfa list`.")
    var id: String

    @OptionGroup var options: AgentOptions

    func run() throws {
        let access = try FactorAccess(options)
        let request = RemoveFactor(profile: try options.profile(or: nil), id: id)
        let answer = try access.answer(to: request, as: JSONValue.self)
        if options.json { try access.terminal.answer(json: answer.json) }
        access.terminal.say("Removed.")
    }
}
