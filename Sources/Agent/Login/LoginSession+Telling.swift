import Auth0
import Glibc
import Logging
import PosternProtocol

// What the log and subscribers are told of a login: who began it, for which masked address, and what came of it.

extension LoginSession {
    /// Says that the login has begun.
    ///
    /// - Parameter pid: who began it; nil if the process cannot be seen.
    nonisolated func announce(by pid: pid_t?) {
        let sentTo = passwordless?.target.masked
        parts.events.publish(.loginStarted, profile: profile.name) { event in
            event.sentTo = sentTo
            event.pid = pid.map(Int.init)
        }
        var metadata: Logger.Metadata = ["profile": "\(profile.name)", "pid": .init(pid: pid)]
        if let sentTo { metadata["sent_to"] = "\(sentTo)" }
        parts.log.notice("A sign-in has begun.", metadata: metadata)
    }

    /// The factor that is being set up, if one is.
    var enrolling: PendingStep.Enrolling? {
        switch stage {
        case .waiting(.enrollConfirm(_, let enrolling)), .working(.enrollConfirm(_, let enrolling)): enrolling
        default: nil
        }
    }

    /// Says that the tenant has taken a new factor.
    func added(_ enrolling: PendingStep.Enrolling, by peer: Peer) {
        parts.events.publish(.factorAdded, profile: profile.name)
        var metadata = metadata(of: peer)
        metadata["type"] = "\(enrolling.request.type)"
        metadata["sent_to"] = enrolling.enrollment.address.map { "\(LoginTarget.masked($0))" }
        parts.log.notice("A factor was added.", metadata: metadata)
    }

    /// Whose login it is, for the log.
    func metadata(of peer: Peer) -> Logger.Metadata {
        var metadata: Logger.Metadata = ["profile": "\(profile.name)", "pid": .init(pid: peer.pid)]
        if let target = passwordless?.target { metadata["sent_to"] = "\(target.masked)" }
        return metadata
    }
}

extension Logger.MetadataValue {
    /// A caller's process; of another PID namespace, which cannot be seen, it is "unknown".
    init(pid: pid_t?) {
        self = pid.map { "\($0)" } ?? "unknown"
    }
}
