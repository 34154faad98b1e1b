import ArgumentParser
import Crypto
import PosternProtocol
import OutsideInput

/// `postern token`.
struct TokenCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Print a valid access token.",
        discussion: """
            The token comes from the agent's memory, or by a refresh if it would not live long enough. Without --login \
            nobody is asked anything: it exits 77 where a sign-in is needed.

            With --login it waits for a sign-in that is under way. Where there is none it begins one, on the terminal if \
            stdin and stderr are one, else by pinentry if there is a display, else it exits 77 at once. Of many that find \
            no sign-in at once one asks and all get their tokens; if that prompt is cancelled, or nobody answers it, all \
            of them exit 77.

              postern token work --min-ttl 300

            A token on a command line can be read by every local user; `postern header` shows how to avoid that.
            """)

    @OptionGroup var request: TokenRequest
    @OptionGroup var options: AgentOptions

    func validate() throws {
        _ = try options.profile(or: request.profile.name)
    }

    func run() throws {
        try request.answer(options, line: Self.line)
    }

    static func line(_ token: String) -> String { token }
}

/// Which access token is wanted, in the words of the command line.
struct TokenRequest: ParsableArguments {
    @OptionGroup var profile: ProfileArgument

    @Option(help: "The API it is for (default: the profile's).")
    var audience: String?

    @Option(help: "Scopes separated by spaces (default: the profile's).")
    var scope: String?

    @Option(
        name: .customLong("min-ttl"), help: ArgumentHelp("Seconds it must at least still live.", valueName: "seconds"))
    var minTTL: Int?

    @Option(
        help: ArgumentHelp(
            "Seconds to wait at most for a refresh, and with --login for others' sign-ins.", valueName: "seconds"))
    var wait: Int?

    @Flag(name: .customLong("login"), help: "Wait for a sign-in that is under way, or have the person sign in.")
    var joinLogin = false

    @Option(
        help: ArgumentHelp(
            "A token that a server refused, read from stdin (-): get another one.", valueName: "-"))
    var rejected: RejectedToken?

    /// Prints the token as `line` presents it, or with `--json` the agent's answer as it came.
    func answer(_ options: AgentOptions, line: (String) -> String) throws {
        let terminal = Terminal()
        let request = try makeRequest(options, terminal)
        if joinLogin {
            let signIn = try TokenSignIn(options, terminal, request)
            return try options.json
                ? terminal.answer(json: signIn.answer(as: JSONValue.self).json)
                : terminal.answer(line(signIn.answer(as: Answer.self).value.token))
        }
        let client = try options.connect()
        if options.json {
            return try terminal.answer(json: client.call(request, as: JSONValue.self).json)
        }
        try terminal.answer(line(client.call(request, as: Answer.self).value.token))
    }

    /// All that is needed of an answer, so that one of another version does not matter.
    struct Answer: Decodable {
        private let accessToken: String

        private enum CodingKeys: String, CodingKey {
            case accessToken = "access_token"
        }

        /// The token, if it can be one (RFC 6750, section 2.1): a line break in it would become a header of the
        /// sender's choice.
        var token: String {
            get throws(Failure) {
                guard accessToken.utf8.allSatisfy({ (UInt8(ascii: "!")...UInt8(ascii: "~")).contains($0) }) else {
                    throw Failure(
                        "The tenant's token has characters that no token may have.", status: ExitStatus.protocolError)
                }
                return accessToken
            }
        }
    }

    private func makeRequest(_ options: AgentOptions, _ terminal: Terminal) throws -> GetToken {
        var request = GetToken(profile: try options.profile(or: profile.name))
        request.audience = audience
        request.scope = scope
        request.minTTL = minTTL
        request.wait = wait
        request.joinLogin = joinLogin ? true : nil
        if rejected != nil {
            guard let token = try terminal.secret("Refused token: ") else {
                throw Failure("No refused token was given on stdin.", status: ExitStatus.badData)
            }
            request.rejected = Self.digest(of: token)
        }
        return request
    }

    /// How a refused token is named to the agent: lower-case hexadecimal SHA-256.
    ///
    /// swift-crypto was measured to add 2.3 MB and 0.2 ms to the static program; an implementation of our own would
    /// save that and have to be believed.
    static func digest(of token: String) -> String {
        SHA256.hash(data: Array(token.utf8)).hexadecimal
    }
}

/// The one value that `--rejected` takes.
enum RejectedToken: String, ExpressibleByArgument {
    case standardInput = "-"

    static var allValueStrings: [String] { ["-"] }
}
