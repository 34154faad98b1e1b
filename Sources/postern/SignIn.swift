import Assuan
import Glibc
import OutsideInput
import PosternProtocol

/// What a command needs to lead a person through the sign-in of a profile, wherever they are asked.
struct SignIn {
    let client: Client
    let options: AgentOptions
    let interrupts: Interrupts
    let terminal: Terminal
    let place: PromptPlace
    /// The command is asked by a program for a token.
    let isForProgram: Bool
    private let socket: String

    init(
        _ options: AgentOptions, _ interrupts: Interrupts, _ terminal: Terminal, _ place: PromptPlace,
        isForProgram: Bool
    )
        throws
    {
        self.options = options
        self.interrupts = interrupts
        self.terminal = terminal
        self.place = place
        self.isForProgram = isForProgram
        socket = try AgentOptions.socketPath(options.socket)
        client = try options.connect(interrupts)
    }

    /// A sign-in that has begun.
    struct Begun {
        fileprivate let dialogue: LoginDialogue
        fileprivate let login: LoginDialogue.Login
        fileprivate let isJoined: Bool
        fileprivate let profile: String?
    }

    /// How the profile stands; nil if the agent does not say. What keeps it from that is said of the sign-in itself as well.
    func status(of profile: String?) throws -> ProfileStatus? {
        do {
            let profiles = try client.call(ListProfiles()).value.profiles
            return profiles.first { profile == nil ? $0.isDefault == true : $0.name == profile }
        } catch is Failure {
            return nil
        }
    }

    /// Begins or joins the login.
    func begin(_ profile: String?, restart: Bool = false) throws -> Begun {
        var start = StartLogin(profile: profile)
        start.restart = restart ? true : nil
        // Only a profile with forwarded_for = ssh passes it on.
        start.clientIP = Environment["SSH_CONNECTION"].flatMap(RemoteAddress.init(connection:))?.text
        start.ui = UserInterface.ofThisProcess
        let status = try status(of: profile)
        return try notingRefusal(status?.name ?? profile) {
            let conversation = try conversation(status, profile)
            if let warning = status?.otherPersonWarning { try conversation.warn(interrupts, warning) }
            let dialogue = LoginDialogue(client, options, conversation, interrupts)
            let (login, isJoined) = try dialogue.begin(start)
            return Begun(dialogue: dialogue, login: login, isJoined: isJoined, profile: status?.name ?? profile)
        }
    }

    /// Leads it to its end.
    func finish(_ begun: Begun) throws -> LoginDialogue.Login {
        let name = begun.profile ?? begun.login.value.profile
        let login = try notingRefusal(name) { try begun.dialogue.finish(begun.login, isJoined: begun.isJoined) }
        DeclinedPrompt.remove(of: name, socket: socket)
        return login
    }

    private func conversation(_ status: ProfileStatus?, _ profile: String?) throws -> any Conversation {
        guard place == .pinentry else { return terminal }
        let configured = try client.call(Hello()).value.pinentry
        guard let program = PinentryProgram.find(configured: configured, { Environment[$0] }) else {
            throw PromptRefusal.noProgram
        }
        let heading =
            status?.request(isForProgram: isForProgram)
            ?? "Postern asks you to sign in\(profile.map { " to profile \($0)" } ?? "")."
        let conversation = PinentryConversation(program, heading: heading, terminal)
        try conversation.prepare(interrupts)
        return conversation
    }

    /// Notes for others that the person did not want it, or could not be asked.
    private func notingRefusal<Value>(_ profile: String?, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let refusal as PromptRefusal {
            noteRefusal(profile, isByPerson: refusal.isDeclined)
            throw refusal
        } catch let interruption as Interruption
            where interruption.signal == SIGINT && (isForProgram || place == .pinentry)
        {
            noteRefusal(profile, isByPerson: true)
            throw interruption
        }
    }

    private func noteRefusal(_ profile: String?, isByPerson: Bool) {
        guard let profile else { return }
        DeclinedPrompt.write(
            of: profile, session: try? session(), unusablePlace: isByPerson ? nil : Self.dialogPlace, socket: socket)
    }
}

// MARK: Others

extension SignIn {
    /// The desktop session as the agent knows it; empty if it follows none.
    func session() throws -> String {
        // A connection of its own: an answer may still be outstanding on the other.
        try options.connect(interrupts).call(Hello()).value.session?.id ?? ""
    }

    /// The last prompt for this profile that has brought no sign-in and says as much of ours: the person has declined, or none can be shown here.
    func refusal(of profile: String) -> DeclinedPrompt? {
        guard let refusal = DeclinedPrompt(of: profile, socket: socket) else { return nil }
        return refusal.unusablePlace.map { $0.isSame(as: Self.dialogPlace) } ?? true ? refusal : nil
    }

    /// Where this process's dialogs are shown: what cannot be shown here may be elsewhere.
    private static var dialogPlace: String {
        let ui = UserInterface.ofThisProcess
        return [ui?.display, ui?.wayland, ui?.tty].map { $0 ?? "-" }.joined(separator: "\t")
    }

    /// Whether a prompt for the profile has ended by the death of its process, so that its sign-in may be live with nobody to lead it.
    func isAbandoned(_ profile: String?) throws -> Bool {
        guard let abandoned = PromptLock.abandoned(at: RuntimeDirectory.path(of: "prompt.lock", socket: socket)) else {
            return false
        }
        return try (profile ?? status(of: nil)?.name) == abandoned
    }

    /// Waits until no other prompt is shown to the person, and keeps others from showing one.
    func lock(_ profile: String?, limit: Duration? = nil) throws -> PromptLock {
        let path = RuntimeDirectory.path(of: "prompt.lock", socket: socket)
        return try PromptLock(path, profile: profile, interrupts, limit: limit) { other in
            terminal.say(
                other.map { "Waiting for the sign-in of profile \($0) that is under way in another prompt." }
                    ?? "Waiting for another prompt to be answered.")
        }
    }
}
