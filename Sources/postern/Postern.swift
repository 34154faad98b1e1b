import ArgumentParser
import Glibc
import PosternProtocol

/// The program: finds the command, runs it and turns its end into an exit status.
@main
struct Postern: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "postern",
        abstract: "Auth0 tokens for this desktop session: sign in once, use them everywhere.",
        discussion: """
            The agent, posternd, keeps you signed in: it holds the tokens, keeps the refresh token in the keyring and \
            renews what expires. This command talks to it.

              postern profile add work --domain acme.eu.auth0.com --client-id 8hX…
              postern login work
              postern header work | curl -H @- https://api.acme.example/orders
              postern status

            Exit statuses: 0 done; 64 wrong usage; 65 a wrong or dead code; 66 no such profile; 69 the agent is not \
            running; 70 internal error; 74 keyring or output failed; 75 try again later; 76 the tenant broke the \
            protocol; 77 sign in first, or not allowed; 78 wrong configuration.
            """,
        version: Release.version,
        groupedSubcommands: [
            CommandGroup(
                name: "Signing in",
                subcommands: [LoginCommand.self, LogoutCommand.self, WhoAmICommand.self, MFACommand.self]),
            CommandGroup(
                name: "Tokens",
                subcommands: [TokenCommand.self, HeaderCommand.self, IDTokenCommand.self]),
            CommandGroup(
                name: "Setting up",
                subcommands: [
                    ProfilesCommand.self, ProfileCommand.self, ClientSecretCommand.self, StatusCommand.self,
                    WatchCommand.self, ReloadCommand.self, UnlockKeyringCommand.self,
                ]),
        ])

    static func main() {
        Terminal.occupyStandardDescriptors()
        // A reader that has gone away is then told by write(2), and reported like any other failure to write.
        signal(SIGPIPE, SIG_IGN)
        Glibc.exit(run(Array(CommandLine.arguments.dropFirst())))
    }

    private static func run(_ arguments: [String]) -> Int32 {
        let terminal = Terminal()
        var json = false
        do {
            if let command = PlainTokenCommand(arguments) {
                try command.run(terminal)
            } else {
                var command = try parseAsRoot(arguments)
                json = (command as? any AgentCommand)?.options.json ?? false
                try command.run()
            }
            try terminal.finish()
            return 0
        } catch let failure as Failure {
            terminal.report(failure, json: json)
            return failure.status
        } catch let refusal as PromptRefusal {
            terminal.report(refusal.failure, json: json)
            return refusal.failure.status
        } catch let end as SilentEnd {
            return end.status
        } catch let interruption as Interruption {
            return interruption.exitStatus
        } catch let error as SystemError {
            terminal.report(Failure("The system refused: \(error.words).", status: ExitStatus.software), json: false)
            return ExitStatus.software
        } catch {
            return end(with: error, terminal)
        }
    }

    /// ArgumentParser's own ends: wrong usage, or help and the version, which are answers.
    private static func end(with error: any Error, _ terminal: Terminal) -> Int32 {
        let text = fullMessage(for: error)
        guard exitCode(for: error).isSuccess else {
            for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
                terminal.say(String(line))
            }
            return exitCode(for: error).rawValue
        }
        do throws(Failure) {
            try terminal.answer(text)
            try terminal.finish()
            return 0
        } catch {
            terminal.report(error, json: false)
            return error.status
        }
    }
}
