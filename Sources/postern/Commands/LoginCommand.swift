import ArgumentParser
import PosternProtocol

/// `postern login`: whether a sign-in is needed; what it then does is ``LoginRun``'s.
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

            Questions are asked where --prompt says: tty is the terminal, or where stdin is none, each answer is a line of \
            it; pinentry is the program that pinentry under [agent] in postern.conf names, else gpg-agent's, else pinentry \
            in PATH. auto is the terminal if stdin is one; pinentry if stdin is closed or /dev/null and there is a DISPLAY \
            or WAYLAND_DISPLAY, as in a desktop's autostart; else the lines of stdin. One pinentry is shown at a time, and \
            a prompt that is cancelled, or not answered in 5 minutes, ends with 77.

              postern login work
              postern login work --if-needed     # does nothing if you are signed in
              postern login --all --when-ready   # at the start of a desktop session
              postern login work --check || …    # in a prompt or a status bar
            """)

    @OptionGroup var profile: ProfileArgument

    @Flag(help: "Do nothing if already signed in.")
    var ifNeeded = false

    @Flag(help: "Drop a sign-in that is under way and begin anew.")
    var restart = false

    @Flag(
        help: """
            Go through the profiles whose sign-in ended by itself or with the session, one after the other; always as with \
            --if-needed. Passed over: profiles that nobody has signed in to or that were signed out, and those whose prompt \
            was cancelled in this session.
            """)
    var all = false

    @Flag(
        name: .customLong("when-ready"),
        help:
            "Wait for a keyring that is locked or away, a locked agent, and a tenant that is not reached, as long as it takes."
    )
    var whenReady = false

    @Flag(help: "Ask and send nothing: exit 0 if no sign-in is needed, 77 if one is, 75 if the keyring is locked.")
    var check = false

    @Option(help: "Where to ask: tty, pinentry or auto.")
    var prompt: PromptPlace.Choice = .auto

    @OptionGroup var options: AgentOptions

    func validate() throws {
        if all, profile.name != nil || options.profile != nil {
            throw ValidationError("Either --all or a profile, not both.")
        }
        if all, restart { throw ValidationError("--restart is for one profile, not for --all.") }
        if check, restart || whenReady {
            throw ValidationError("--check does nothing that --restart or --when-ready is for.")
        }
        _ = try options.profile(or: profile.name)
    }

    func run() throws {
        let name = try options.profile(or: profile.name)
        if check { return try checkState(of: name) }
        for _ in 1..<Self.agentLimit {
            do {
                return try run(name)
            } catch is Readiness.AgentGone {
                // It was restarted, as for an update: the wait goes on with the next one.
            }
        }
        do {
            try run(name)
        } catch let gone as Readiness.AgentGone {
            throw gone.failure
        }
    }

    /// So many agents are waited with, one after the other: one that crashes each time is not asked for ever.
    private static let agentLimit = 10

    private func run(_ name: String?) throws {
        let run = try LoginRun(self)
        if all { try run.all() } else { try run.one(name, ifNeeded: ifNeeded) }
    }

    /// Asks the agent alone, which neither renews anything nor looks into the keyring for it.
    private func checkState(of name: String?) throws {
        let profiles = try options.connect().call(ListProfiles()).value.profiles
        let status: Int32
        if all {
            status =
                profiles.contains(where: \.hasEnded)
                ? ExitStatus.noPermission
                : profiles.contains { $0.state == .locked } ? ExitStatus.tryAgain : 0
        } else {
            guard let profile = try profiles.named(name).first(where: { name != nil || $0.isDefault == true }) else {
                throw Failure(
                    AgentError(.unknownProfile, "No profile is named, and there is no default profile.") {
                        $0.profiles = profiles.map(\.name)
                    })
            }
            status =
                switch profile.state {
                case .loginRequired, .mfaRequired, .signedOut: ExitStatus.noPermission
                case .locked: ExitStatus.tryAgain
                case .offline, .refreshing, .signedIn: 0
                }
        }
        if status != 0 { throw SilentEnd(status: status) }
    }
}
