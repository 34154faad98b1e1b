import OutsideInput
import PosternProtocol

extension LoginDialogue {
    /// Says what has happened where the login has come to something new.
    ///
    /// - Parameter previous: the step before; nil at first.
    func announce(_ login: LoginState, after previous: LoginStep?, isJoined: Bool) {
        let isJoined = isJoined && previous == nil
        switch (login.step, previous) {
        case (.code, .code?), (.link, .link?):
            break
        case (.code(let code), _):
            conversation.say(Self.words(code, isJoined: isJoined))
        case (.link(let link), _):
            conversation.say("A link was sent to \(link.sentTo). Open it on this computer.")
        case (.signedIn, .enrollConfirm(let done)?):
            if let way = done.way { conversation.say(way.setUpWords, .good) }
        default:
            guard purpose != .enrollment, let words = login.step.secondFactorWords, previous?.secondFactorWords == nil
            else { return }
            conversation.say(words + (isJoined ? " before it gives new tokens (profile \(login.profile))." : "."))
        }
    }

    /// Says how it ended, and hands over what is shown once.
    func conclude(_ end: LoginStep.SignedIn, _ login: LoginState) throws {
        switch purpose {
        case .tokens: conversation.tell(Self.words(end, profile: login.profile), .good)
        case .factorAccess: conversation.tell("Signed in to manage factors.", .good)
        case .enrollment: break
        }
        if let code = end.recoveryCode {
            let words = "Your new recovery code; the one you used is dead. Keep it where you keep your passwords:"
            try handOver([code], words)
        }
        if let codes = end.recoveryCodes, !codes.isEmpty {
            try handOver(codes, Self.recoveryWords(codes.count))
        }
    }

    static func recoveryWords(_ count: Int) -> String {
        count == 1
            ? "Your recovery code, for when you do not have your second factor. Keep it where you keep your passwords:"
            : "Your recovery codes, for when you do not have your second factor. Keep them where you keep your passwords:"
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
    /// The agent does not say so, but it dates a code's expiry from when it was sent, by Auth0's default of 180 s, and
    /// no sign-in begins with a second factor. A second is left for the clocks of the two to differ.
    func wasReached(before time: UnixTime) -> Bool {
        if case .code(let code) = self { return Bounded.difference(code.codeExpiresAt, 180) < time - 1 }
        return secondFactorWords != nil
    }

    /// What the tenant wants, in the steps that are about a second factor.
    fileprivate var secondFactorWords: String? {
        switch self {
        case .chooseFactor, .factorCode, .push, .recoveryCode: "The tenant asks for a second factor"
        case .enroll, .enrollConfirm: "The tenant wants a second factor to be set up"
        case .code, .link, .signedIn, .failed: nil
        }
    }
}
