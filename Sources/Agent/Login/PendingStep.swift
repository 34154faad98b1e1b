import Auth0
import FoundationEssentials
import PosternProtocol

/// What a login waits for, with what the tenant gave for going on from there.
enum PendingStep: Sendable {
    /// The one-time code.
    case code(LoginStep.Code)
    /// The code was right, but then the tenant could not be asked for the factors: any answer asks again.
    case codeProven(LoginStep.Code, MFARequirement)
    case chooseFactor(SecondFactor)
    case challenge(SecondFactor, Challenge)
    case recoveryCode(SecondFactor)
    case enroll(SecondFactor)
    case enrollConfirm(SecondFactor, Enrolling)

    /// A factor that was chosen.
    struct Challenge: Sendable {
        var authenticator: Authenticator
        var proof: MFAChallenge
        /// Who chose it.
        var peer: Peer
        /// When its message may be sent again.
        var resendAt: UnixTime
    }

    /// A factor that is set up, and to be confirmed.
    struct Enrolling: Sendable {
        var request: AnswerLogin.Enrollment
        var enrollment: MFAEnrollment
        var proof: MFAChallenge
        /// Who chose it.
        var peer: Peer
        var resendAt: UnixTime
    }

    /// A notification that waits for the person's approval.
    struct Push: Sendable {
        var oob: Secret
        var mfaToken: Secret
        /// Who chose it, whom the approval serves.
        var peer: Peer
    }

    var push: Push? {
        switch self {
        case .challenge(let second, let challenge):
            challenge.proof.push.map { Push(oob: $0, mfaToken: second.token, peer: challenge.peer) }
        case .enrollConfirm(let second, let enrolling):
            enrolling.proof.push.map { Push(oob: $0, mfaToken: second.token, peer: enrolling.peer) }
        case .code, .codeProven, .chooseFactor, .recoveryCode, .enroll:
            nil
        }
    }

    /// As clients see it, with times as the wall clock tells them. Secrets and recovery codes are left out: they stand in the answer to the call that
    /// produced them alone.
    func shown(by clock: any AgentClock) -> LoginStep {
        switch self {
        case .code(let code), .codeProven(let code, _):
            .code(code.shown(by: clock))
        case .chooseFactor(let second):
            .chooseFactor(.init(factors: second.factors))
        case .challenge(let second, let challenge):
            if challenge.proof.push != nil {
                .push(.init(factor: Factor(challenge.authenticator), factors: second.factors))
            } else {
                .factorCode(challenge.shown(factors: second.factors, by: clock))
            }
        case .recoveryCode(let second):
            .recoveryCode(.init(factors: second.factors))
        case .enroll(let second):
            .enroll(.init(types: second.enrollable))
        case .enrollConfirm(let second, let enrolling):
            .enrollConfirm(enrolling.shown(types: second.enrollable, by: clock))
        }
    }
}

extension LoginStep.Code {
    fileprivate func shown(by clock: any AgentClock) -> Self {
        var step = self
        step.resendAt = clock.wallTime(of: Date(unixTime: resendAt))
        step.codeExpiresAt = clock.wallTime(of: Date(unixTime: codeExpiresAt))
        return step
    }
}

extension PendingStep.Challenge {
    fileprivate func shown(factors: [Factor], by clock: any AgentClock) -> LoginStep.FactorCode {
        let factor = Factor(authenticator)
        // A one-time password is not sent, and so cannot be sent again.
        guard proof != .otp else { return .init(factor: factor, factors: factors) }
        let resendAt = clock.wallTime(of: Date(unixTime: resendAt))
        return .init(factor: factor, sentTo: factor.name, resendAt: resendAt, factors: factors)
    }
}

extension PendingStep.Enrolling {
    func shown(types: [String], by clock: any AgentClock) -> LoginStep.EnrollConfirm {
        var step = LoginStep.EnrollConfirm(type: request.type)
        if case .message = proof {
            step.channel = enrollment.channel
            step.sentTo = enrollment.address.map(LoginTarget.masked)
            step.resendAt = clock.wallTime(of: Date(unixTime: resendAt))
        }
        step.types = types.isEmpty ? nil : types
        return step
    }
}

extension MFAChallenge {
    /// The transaction of a push notification.
    var push: Secret? {
        if case .push(let oob) = self { oob } else { nil }
    }
}
