import ArgumentParser
import PosternProtocol

/// `postern login`: whether a sign-in is needed; the sign-in itself is ``LoginDialogue``.
struct LoginCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "login",
        abstract: "Sign in with a one-time code, and a second factor where the tenant asks for one.",
        discussion: """
            The tenant sends a code to your e-mail address or phone; type it here. Enter alone, or r, has another code \
            sent; Ctrl-C cancels. A sign-in that is already under way is joined.

            Of several second factors, choose one by its number in the list, its id (postern mfa list), or a word: otp, \
            sms, voice, email, push or recovery. At its prompt Enter alone has another code sent, where codes are sent, \
            and b shows the list again. A factor that is to be set up first is chosen likewise.

            Where stdin is not a terminal, each answer is a line of it.

              postern login work
              postern login work --if-needed   # does nothing if you are signed in
            """)

    @OptionGroup var profile: ProfileArgument

    @Flag(help: "Do nothing if already signed in.")
    var ifNeeded = false

    @Flag(help: "Drop a sign-in that is under way and begin anew.")
    var restart = false

    @Option(help: "How to ask: tty or auto. (pinentry: not in this version.)")
    var prompt: Prompt = .auto

    @OptionGroup var options: AgentOptions

    /// Where questions are asked; `auto` is the terminal, or stdin where there is none.
    enum Prompt: String, ExpressibleByArgument, CaseIterable {
        case tty, pinentry, auto
    }

    func validate() throws {
        if prompt == .pinentry {
            throw ValidationError("Prompting by pinentry is not available in this version: use --prompt tty.")
        }
        _ = try options.profile(or: profile.name)
    }

    func run() throws {
        let interrupts = try Interrupts()
        let terminal = Terminal()
        let profile = try options.profile(or: profile.name)
        let client = try options.connect(interrupts)
        if ifNeeded, let token = try currentToken(profile, client) {
            // No sign-in took place, so there is no LoginState to print; the token was not asked for.
            if options.json { try terminal.answer("{}") }
            return terminal.say("Already signed in (profile \(token.profile)).")
        }
        var start = StartLogin(profile: profile)
        start.restart = restart ? true : nil
        // Only a profile with forwarded_for = ssh passes it on.
        start.clientIP = Environment["SSH_CONNECTION"].flatMap(RemoteAddress.init(connection:))?.text
        let dialogue = LoginDialogue(client, options, terminal, interrupts)
        let end = try dialogue.run(start)
        if options.json { try terminal.answer(json: end.json) }
    }

    /// A token that shows that nobody needs to sign in; nil if somebody does. Any other error, such as a locked
    /// keyring, is no reason to sign in anew.
    private func currentToken(_ profile: String?, _ client: Client) throws -> GetToken.Response? {
        do {
            return try client.call(GetToken(profile: profile)).value
        } catch let failure as Failure {
            guard let code = failure.agentError?.code, [.loginRequired, .mfaRequired].contains(code) else {
                throw failure
            }
            return nil
        }
    }
}
