import ArgumentParser

/// `postern header`.
struct HeaderCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "header",
        abstract: "Print a valid access token as an HTTP header.",
        discussion: """
            Made to be read by curl from its stdin, so that the token stands on no command line:

              postern header work | curl -H @- https://api.acme.example/orders
            """)

    @OptionGroup var request: TokenRequest
    @OptionGroup var options: AgentOptions

    func validate() throws {
        _ = try options.profile(or: request.profile.name)
    }

    func run() throws {
        try request.answer(options, line: Self.line)
    }

    static func line(_ token: String) -> String { "Authorization: Bearer \(token)" }
}
