import ArgumentParser
import PosternProtocol

/// `postern status`.
struct StatusCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show how the agent, the keyring and every profile stand.",
        discussion: """
            Exits 0 whenever the agent answers, whatever it has to say. With --profile only that one is shown.

              postern status
            """)

    @OptionGroup var options: AgentOptions

    func run() throws {
        try options.answer(GetStatus()) { status in
            let profiles = try status.profiles.named(options.profile)
            return StatusReport(now: Moment.now).lines(status, profiles: profiles)
        }
    }
}
