import PosternProtocol

/// A sign-in as it goes with a person: shows what the agent waits for, asks, and hands on the answers until it is over.
struct LoginDialogue {
    typealias Login = Client.Answer<LoginState>

    /// What the sign-in is for, which decides how its end is worded.
    enum Purpose {
        case tokens
        /// To be allowed to manage factors; the profile's tokens stay as they are.
        case factorAccess
        /// To set up one factor, whose confirmation is a sign-in as well.
        case enrollment
    }

    let client: Client
    let conversation: any Conversation
    let interrupts: Interrupts
    let purpose: Purpose
    private let options: AgentOptions

    init(
        _ client: Client, _ options: AgentOptions, _ conversation: any Conversation, _ interrupts: Interrupts,
        for purpose: Purpose = .tokens
    ) {
        self.client = client
        self.options = options
        self.conversation = conversation
        self.interrupts = interrupts
        self.purpose = purpose
    }

    /// Begins or joins the login and returns its last state, which is always `signed_in`.
    ///
    /// - Throws: ``Interruption`` after having cancelled the login at the agent.
    func run(_ request: StartLogin) throws -> Login {
        let (login, isJoined) = try begin(request)
        return try finish(login, isJoined: isJoined)
    }

    /// Begins or joins the login, which is then ``finish(_:isJoined:)``'s to lead.
    func begin(_ request: StartLogin) throws -> (Login, isJoined: Bool) {
        let asked = Moment.now
        let login = try start(request)
        return (login, login.value.step.wasReached(before: asked))
    }

    /// Leads a login that another call has begun to its end, as ``run(_:)`` does.
    func finish(_ login: Login, isJoined: Bool = false) throws -> Login {
        let (login, end) = try lead(login, isJoined: isJoined)
        // From here on there is nothing left to cancel.
        try conclude(end, login.value)
        return login
    }

    private func lead(_ login: Login, isJoined: Bool) throws -> (Login, LoginStep.SignedIn) {
        var login = login
        var previous: LoginStep?
        do {
            while true {
                conversation.end = login.value.expiresAt
                announce(login.value, after: previous, isJoined: isJoined)
                previous = login.value.step
                switch login.value.step {
                case .code(let step): login = try enterOneTimeCode(login, step)
                case .link:
                    login = try awaitChange(login) { "Waiting for the link to be opened (\($0)); Ctrl-C cancels." }
                case .chooseFactor(let step): login = try chooseFactor(login, step.factors)
                case .factorCode(let step): login = try enterFactorCode(login, step)
                case .push(let step): login = try awaitApproval(login, step)
                case .recoveryCode(let step): login = try enterRecoveryCode(login, step)
                case .enroll(let step): login = try enroll(login, step.types)
                case .enrollConfirm(let step): login = try confirmEnrollment(login, step)
                case .signedIn(let end): return (login, end)
                case .failed(let error): throw Failure(error)
                }
            }
        } catch let interruption as Interruption {
            cancel(login.value)
            conversation.tell(purpose == .enrollment ? "Set-up cancelled." : "Sign-in cancelled.")
            throw interruption
        } catch let refusal as PromptRefusal {
            cancel(login.value)
            throw refusal
        } catch let failure as Failure where purpose != .tokens {
            // No other command takes such a login up again.
            cancel(login.value)
            throw failure
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
        guard let address = try conversation.ask(interrupts, Question("E-mail address or phone number: ")),
            !address.isEmpty
        else {
            throw Failure("No address was given to send a code to.", status: ExitStatus.badData)
        }
        return address
    }

    /// A connection of its own, because an answer may still be outstanding on the other.
    func cancel(_ login: LoginState) {
        // A login that cannot be cancelled ends by its own time limit; nothing else is left to do about it.
        _ = try? options.connect(interrupts).call(CancelLogin(loginID: login.loginID))
    }
}
