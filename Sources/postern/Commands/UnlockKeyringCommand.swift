import ArgumentParser
import PosternProtocol

/// `postern unlock-keyring`.
struct UnlockKeyringCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "unlock-keyring",
        abstract: "Have the keyring ask for its password, and wait until it is unlocked.",
        discussion: """
            The dialog is the keyring's own: neither this command nor the agent sees the password. Ctrl-C, or the end \
            of the time, gives up waiting and leaves the dialog open. What could not be saved while the keyring was \
            locked is saved at once.

              postern unlock-keyring --timeout 60
            """)

    @Option(help: ArgumentHelp("Seconds to wait for the answer (default: 120).", valueName: "seconds"))
    var timeout: Int?

    @OptionGroup var options: AgentOptions

    func run() throws {
        // The agent is told of a Ctrl-C by the end of the connection.
        let client = try options.connect(try Interrupts())
        let terminal = Terminal()
        terminal.progress("Waiting for the keyring's dialog to be answered…")
        defer { terminal.endProgress() }
        var request = UnlockKeyring(timeout: timeout)
        request.ui = UserInterface.ofThisProcess
        let answer = try client.call(request)
        terminal.endProgress()
        if options.json { return try terminal.answer(json: answer.json) }
        terminal.say("The keyring is unlocked.")
    }
}
