import ArgumentParser
import PosternProtocol

/// `postern idtoken`.
struct IDTokenCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "idtoken",
        abstract: "Print the ID token.",
        discussion: """
            The signed statement of who you are, for a program that verifies it itself; an expired one is renewed \
            first. `postern whoami` says the same in words.

              postern idtoken work
            """)

    @OptionGroup var profile: ProfileArgument
    @OptionGroup var options: AgentOptions

    func validate() throws {
        _ = try options.profile(or: profile.name)
    }

    func run() throws {
        try options.answer(GetIDToken(profile: try options.profile(or: profile.name))) { [.init($0.idToken)] }
    }
}
