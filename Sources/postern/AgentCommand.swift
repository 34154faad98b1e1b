import ArgumentParser
import PosternProtocol

/// A command that asks the agent for something.
protocol AgentCommand: ParsableCommand {
    var options: AgentOptions { get }
}

/// What every command takes.
struct AgentOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The agent's socket (default: $POSTERN_SOCKET, else $XDG_RUNTIME_DIR/postern/agent.sock).",
            valueName: "path"))
    var socket: String?

    @Option(
        help: ArgumentHelp(
            "The profile (default: $POSTERN_PROFILE, else the agent's default profile).", valueName: "name"))
    var profile: String?

    @Flag(help: "Print the agent's answer as JSON; its error too, to stderr.")
    var json = false
}

/// A profile named without `--profile`.
struct ProfileArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("The profile.", valueName: "profile"))
    var name: String?
}

extension AgentOptions {
    /// The profile meant; nil leaves it to the agent.
    ///
    /// - Throws: `ValidationError` if two were named on the command line.
    func profile(or argument: String?) throws -> String? {
        if let profile, let argument, profile != argument {
            throw ValidationError("Two profiles are named: \(argument), and \(profile) by --profile.")
        }
        return argument ?? profile ?? Environment["POSTERN_PROFILE"]
    }

    /// Connects to the agent.
    func connect(_ interrupts: Interrupts? = nil) throws -> Client {
        try Client(path: Self.socketPath(socket), interrupts: interrupts)
    }

    /// Where the agent listens.
    ///
    /// - Parameter option: what the command line says.
    static func socketPath(_ option: String?) throws(Failure) -> String {
        guard let path = option ?? SocketPath.fromEnvironment({ Environment[$0] }) else { throw .noSocketPath }
        return path
    }

    /// What most commands do: one request, whose answer is printed in words, or with `--json` as it came.
    func answer<R: Request>(_ request: R, inWords words: (R.Response) throws -> [Terminal.Line]) throws {
        let client = try connect()
        let terminal = Terminal()
        if json {
            try terminal.answer(json: client.call(request, as: JSONValue.self).json)
        } else {
            try terminal.answer(try words(client.call(request).value))
        }
    }
}
