import FoundationEssentials
import PosternProtocol
import Synchronization

/// How many codes a profile may still have sent. It keeps one profile from using up at once what the tenant allows everybody behind this address;
/// it does not keep within the tenant's hourly limit.
final class CodeBudget: Sendable {
    static let limit = 20
    /// Seconds in which ``limit`` counts.
    static let window = 600

    private let clock: any AgentClock
    private let sent = Mutex<[Date]>([])

    init(clock: any AgentClock) {
        self.clock = clock
    }

    /// Takes note of a code that is about to be sent.
    ///
    /// - Throws: 1007 with the seconds after which there is one again.
    func spend(for profile: String) throws(AgentError) {
        let now = clock.now
        let wait = sent.withLock { sent -> Int? in
            sent.removeAll { now.timeIntervalSince($0) >= TimeInterval(Self.window) }
            guard sent.count >= Self.limit, let first = sent.first else {
                sent.append(now)
                return nil
            }
            return first.addingTimeInterval(TimeInterval(Self.window)).secondsLeft(at: now)
        }
        guard let wait else { return }
        throw AgentError(.rateLimited, "Too many codes were asked for. Another can be sent in \(wait) seconds.") {
            data in
            data.profile = profile
            data.retryAfter = wait
        }
    }
}
