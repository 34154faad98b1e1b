import FoundationEssentials
import OutsideInput
import PosternProtocol

/// What `postern login` does: decides who needs to sign in, and has them asked.
struct LoginRun {
    private let signIn: SignIn
    private let readiness: Readiness?
    private let restart: Bool

    init(_ command: LoginCommand) throws {
        let interrupts = try Interrupts()
        let terminal = Terminal()
        readiness = command.whenReady ? try Readiness(command.options, interrupts, terminal) : nil
        signIn = try SignIn(
            command.options, interrupts, terminal, PromptPlace(command.prompt), isForProgram: false)
        restart = command.restart
    }

    private var terminal: Terminal { signIn.terminal }
    private var json: Bool { signIn.options.json }

    /// Signs in to one profile.
    func one(_ profile: String?, ifNeeded: Bool) throws {
        while true {
            do {
                let login = try login(profile) { try !ifNeeded || isNeeded(profile, mayBeNew: true) }
                // Where no sign-in took place there is no LoginState to print; the token was not asked for.
                if json { try terminal.answer(json: login?.json ?? "{}") }
                return
            } catch let obstacle as Obstacle {
                try readiness?.wait(for: [obstacle.failure])
            }
        }
    }

    /// Goes through the profiles whose sign-in has ended by itself.
    func all() throws {
        let session = try signIn.session()
        var outcome = Outcome()
        var rest = try signIn.client.call(ListProfiles()).value.profiles.map(\.name)
        while !rest.isEmpty {
            var obstacles: [(name: String, obstacle: Obstacle)] = []
            for name in rest {
                do {
                    let login = try login(name) {
                        try isNeeded(name, mayBeNew: false) && !isDeclined(name, in: session)
                    }
                    if let login { try outcome.add(login, name) }
                } catch let refusal as PromptRefusal {
                    outcome.failures.append(refusal.failure.naming(name))
                    // Where no dialog can be shown for one there can be none for the others, and each of them would have a code sent.
                    guard refusal.isDeclined else { return try report(outcome) }
                } catch let failure as Failure {
                    outcome.failures.append(failure.naming(name))
                } catch let obstacle as Obstacle {
                    // What keeps one tenant away need not keep another.
                    obstacles.append((name, obstacle))
                }
            }
            rest = obstacles.map(\.name)
            if !obstacles.isEmpty { try readiness?.wait(for: obstacles.map(\.obstacle.failure)) }
        }
        try report(outcome)
    }

    private func report(_ outcome: Outcome) throws {
        if json { try terminal.answer(json: outcome.json) }
        try outcome.report(to: terminal, json: json)
    }

    private func isDeclined(_ profile: String, in session: String) -> Bool {
        guard let refusal = signIn.refusal(of: profile), refusal.unusablePlace == nil,
            refusal.session.isSame(as: session)
        else { return false }
        terminal.say(
            "\(profile) is passed over: its sign-in was cancelled in this session. Sign in: postern login \(profile)")
        return true
    }

    /// What waiting may cure has come before a sign-in had begun.
    private struct Obstacle: Error {
        let failure: Failure
    }

    /// Has the person sign in; nil if it turns out not to be wanted.
    ///
    /// - Parameter isWanted: asked again after the wait for another prompt, in which somebody may have signed in.
    /// - Throws: ``Obstacle`` if the command is to wait until all is ready.
    private func login(_ profile: String?, isWanted: () throws -> Bool) throws -> LoginDialogue.Login? {
        var lock: PromptLock?
        // To the end of the dialogue.
        defer { withExtendedLifetime(lock) {} }
        let begun: SignIn.Begun
        do {
            guard try isWanted() else { return nil }
            if signIn.place == .pinentry {
                // By its name, also if it is the default one: see ``PromptLock/abandoned``.
                lock = try signIn.lock(try profile ?? signIn.status(of: nil)?.name)
                guard try isWanted() else { return nil }
            }
            begun = try signIn.begin(profile, restart: restart)
        } catch let failure as Failure {
            guard let readiness, readiness.cures(failure) else { throw failure }
            throw Obstacle(failure: failure)
        }
        return try signIn.finish(begun)
    }

    /// Whether a token can be had only by a sign-in, or soon will be: one that is cached is handed out though its sign-in has ended. Any other error, such as a locked keyring, is no reason to sign in anew.
    ///
    /// - Parameter mayBeNew: a profile that nobody has signed in to counts as well.
    private func isNeeded(_ profile: String?, mayBeNew: Bool) throws -> Bool {
        if try signIn.status(of: profile)?.hasEnded == true { return true }
        do {
            let token = try signIn.client.call(GetToken(profile: profile)).value
            if mayBeNew { terminal.say("Already signed in (profile \(token.profile)).") }
            return false
        } catch let failure as Failure {
            switch failure.agentError?.code {
            case .mfaRequired?: return true
            case .loginRequired?: return mayBeNew || failure.agentError?.data.cause != "never"
            default: throw failure
            }
        }
    }
}

/// What has come of several profiles.
private struct Outcome {
    private var answers: [String] = []
    var failures: [Failure] = []

    /// An object with each profile's answer under its name.
    var json: String { "{\(answers.joined(separator: ","))}" }

    mutating func add(_ login: LoginDialogue.Login, _ profile: String) throws {
        answers.append("\(String(decoding: try JSONEncoder().encode(profile), as: UTF8.self)):\(login.json)")
    }

    /// Says what has failed, and throws the last of it: a refusal, if there is one, because it needs a person.
    func report(to terminal: Terminal, json: Bool) throws(Failure) {
        let index = failures.firstIndex { $0.status == ExitStatus.noPermission } ?? failures.indices.first
        guard let index else { return }
        for (other, failure) in failures.enumerated() where other != index {
            terminal.report(failure, json: json)
        }
        throw failures[index]
    }
}

extension Failure {
    /// The same, said of one profile among several.
    fileprivate func naming(_ profile: String) -> Failure {
        var failure = self
        failure.message = "\(profile): \(message)"
        return failure
    }
}
