import ArgumentParser
import PosternProtocol

/// `postern client-secret`, which has one subcommand so far.
struct ClientSecretCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client-secret",
        abstract: "Keep a confidential client's secret or private key in the keyring.",
        subcommands: [SetClientSecretCommand.self])
}

/// `postern client-secret set`.
struct SetClientSecretCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Store the client secret or private key of a profile.",
        discussion: """
            Read from stdin, or typed at a prompt that does not show it. A PEM block is taken as the private key for \
            private_key_jwt.

              postern client-secret set work < client.pem
            """)

    @Argument(help: ArgumentHelp("The profile.", valueName: "name"))
    var name: String

    @OptionGroup var options: AgentOptions

    func validate() throws {
        _ = try options.profile(or: name)
    }

    func run() throws {
        // Before anything is typed: a secret is not asked for in vain.
        let client = try options.connect()
        let terminal = Terminal()
        guard let secret = try terminal.secret("Client secret or private key for \(Terminal.clean(name)): ") else {
            throw Failure("No secret was given.", status: ExitStatus.badData)
        }
        let isPEM = secret.hasPrefix("-----BEGIN ")
        let answer = try client.call(
            isPEM
                ? SetClientSecret(profile: name, privateKey: secret + "\n")
                : SetClientSecret(profile: name, secret: secret))
        if options.json { try terminal.answer(json: answer.json) }
        terminal.say("Stored the \(isPEM ? "private key" : "client secret") of \(name) in the keyring.")
    }
}
