import ArgumentParser
import PosternProtocol

/// `postern reload`.
struct ReloadCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Have the agent read its configuration again.",
        discussion: """
            Prints the profiles now in force. A configuration with a mistake in it changes nothing: the mistake is \
            named, and the old one stays in force.

              postern reload
            """)

    @OptionGroup var options: AgentOptions

    func run() throws {
        try options.answer(Reload()) { $0.profiles.map { .init($0) } }
    }
}
