import PosternProtocol

/// A sign-in as it goes with a person: shows what the agent waits for, asks, and hands on the answers until it is over.
struct LoginDialogue {
    private typealias Login = Client.Answer<LoginState>

    private let client: Client
    private let options: AgentOptions
    private let terminal: Terminal
    private let interrupts: Interrupts

    init(_ client: Client, _ options: AgentOptions, _ terminal: Terminal, _ interrupts: Interrupts) {
        self.client = client
        self.options = options
        self.terminal = terminal
        self.interrupts = interrupts
    }

    /// Begins or joins the login and returns its last state, which is always `signed_in`.
    ///
    /// - Throws: ``Interruption`` after having cancelled the login at the agent.
    func run(_ request: StartLogin) throws -> Client.Answer<LoginState> {
        let asked = Moment.now
        var login = try start(request)
        do {
            announce(login.value.step, isJoined: login.value.step.wasReached(before: asked))
            while true {
                switch login.value.step {
                case .code(let step):
                    login = try enterCode(login, step)
                case .link(let step):
                    login = try awaitLink(login, step)
                case .signedIn(let step):
                    terminal.say(Self.words(step, profile: login.value.profile), .good)
                    return login
                case .failed(let error):
                    throw Failure(error)
                case .chooseFactor, .factorCode, .push, .recoveryCode, .enroll, .enrollConfirm:
                    cancel(login)
                    throw Failure(
                        "The tenant asks for a second factor, which this version of postern cannot answer yet.",
                        advice: "The sign-in was cancelled.", status: ExitStatus.configuration)
                }
            }
        } catch let interruption as Interruption {
            cancel(login)
            terminal.say("Sign-in cancelled.")
            throw interruption
        }
    }

    /// Ctrl-C here leaves the login to its own time limit: its identifier is not known yet.
    private func start(_ request: StartLogin) throws -> Login {
        do {
            return try client.call(request)
        } catch let failure as Failure {
            switch failure.agentError?.code {
            case .invalidParams? where failure.agentError?.data.missing == ["username"]:
                var request = request
                request.username = try askForAddress()
                return try start(request)
            case .wrongStep?:
                var failure = failure
                failure.advice.append("To drop the sign-in that is under way: postern login --restart")
                throw failure
            default:
                throw failure
            }
        }
    }

    private func askForAddress() throws -> String {
        guard let address = try terminal.ask(interrupts, { "E-mail address or phone number: " }), !address.isEmpty
        else {
            throw Failure("No address was given to send a code to.", status: ExitStatus.badData)
        }
        return address
    }

    /// A connection of its own, because an answer may still be outstanding on the other.
    private func cancel(_ login: Login) {
        // A login that cannot be cancelled ends by its own time limit; nothing else is left to do about it.
        _ = try? options.connect(interrupts).call(CancelLogin(loginID: login.value.loginID))
    }
}

// MARK: One-time code

extension LoginDialogue {
    /// Asks until the login has moved on, or is over.
    private func enterCode(_ login: Login, _ step: LoginStep.Code) throws -> Login {
        var refusal: Failure?
        while true {
            guard let typed = try terminal.ask(interrupts, { Self.codePrompt(step, now: Moment.now) }) else {
                throw refusal ?? Self.noCode(login.value)
            }
            // Codes are copied with the spaces that some messages group them by.
            let code = typed.filter { !$0.isWhitespace }
            do {
                guard !["", "r", "new"].contains(code.lowercased()) else {
                    if let next = try resend(login, step) { return next }
                    continue
                }
                var answer = AnswerLogin(loginID: login.value.loginID)
                answer.code = code
                return try client.call(answer)
            } catch let failure as Failure {
                switch failure.agentError?.code {
                case .wrongCode?, .rateLimited?, .offline?:
                    terminal.report(failure, json: false)
                    refusal = failure
                case .wrongStep?:
                    return try client.call(WaitForLogin(loginID: login.value.loginID, seen: login.value.revision))
                default:
                    throw failure
                }
            }
        }
    }

    /// A new code, or nil if it is too early for one.
    private func resend(_ login: Login, _ step: LoginStep.Code) throws -> Login? {
        let now = Moment.now
        guard step.resendAt <= now else {
            terminal.say("Another code can be sent \(Moment(step.resendAt, now: now).distance).")
            return nil
        }
        let next = try client.call(ResendCode(loginID: login.value.loginID))
        announce(next.value.step, isJoined: false)
        return next
    }

    /// The time left has a fixed width, and stops at 0:00: only the tenant knows when its code really dies.
    static func codePrompt(_ step: LoginStep.Code, now: UnixTime) -> String {
        let left = min(max(step.codeExpiresAt - now, 0), 5999)
        let (minutes, seconds) = left.quotientAndRemainder(dividingBy: 60)
        return "Code (\(minutes < 10 ? " " : "")\(minutes):\(seconds < 10 ? "0" : "")\(seconds) left): "
    }

    private static func noCode(_ login: LoginState) -> Failure {
        Failure(
            "No code was given; the sign-in still waits for it.",
            advice: "To enter it, within \(Moment.words(seconds: max(login.expiresAt - Moment.now, 0))): "
                + "postern login \(login.profile)", status: ExitStatus.tryAgain)
    }
}

// MARK: Link

extension LoginDialogue {
    /// Waits until the link has been opened, or the login is over.
    private func awaitLink(_ login: Login, _ step: LoginStep.Link) throws -> Login {
        let since = Moment.now
        defer { terminal.endProgress() }
        while true {
            terminal.progress(
                "Waiting for the link to be opened (\(Moment.words(seconds: Moment.now - since))); Ctrl-C cancels.")
            let wait = WaitForLogin(
                loginID: login.value.loginID, seen: login.value.revision, timeout: terminal.showsProgress ? 1 : 30)
            let next = try client.call(wait)
            if next.value.revision != login.value.revision { return next }
        }
    }
}

// MARK: Words

extension LoginDialogue {
    private func announce(_ step: LoginStep, isJoined: Bool) {
        switch step {
        case .code(let code):
            terminal.say(Self.words(code, isJoined: isJoined))
            if terminal.isInteractive { terminal.say("Enter alone asks for another code; Ctrl-C cancels.") }
        case .link(let link):
            terminal.say("A link was sent to \(link.sentTo). Open it on this computer.")
        case .chooseFactor, .factorCode, .push, .recoveryCode, .enroll, .enrollConfirm, .signedIn, .failed:
            break
        }
    }

    static func words(_ code: LoginStep.Code, isJoined: Bool) -> String {
        let way =
            switch code.channel {
            case "email": "by e-mail"
            case "sms": "by text message"
            default: "through \(code.channel)"
            }
        return isJoined
            ? "A sign-in is already under way: its code was sent \(way) to \(code.sentTo)."
            : "A code was sent \(way) to \(code.sentTo)."
    }

    static func words(_ end: LoginStep.SignedIn, profile: String, now: UnixTime = Moment.now) -> String {
        let expiry = Moment(end.expiresAt, now: now).words
        let then = end.refreshable ? "it is renewed by itself" : "then sign in again"
        return "Signed in as \(end.account.words) (profile \(profile)): the token is good until \(expiry), \(then)."
    }
}

extension LoginStep {
    /// Whether the step was already there at a time, so that a `login.start` sent then has joined it rather than begun
    /// it.
    ///
    /// The agent does not say so, but it dates a code's expiry from when it was sent, by Auth0's default of 180 s.
    func wasReached(before time: UnixTime) -> Bool {
        guard case .code(let code) = self else { return false }
        return code.codeExpiresAt - 180 < time
    }
}
