import Auth0
import FoundationEssentials
import PosternProtocol
import Synchronization

/// How often people are sent something: codes, challenges of factors, enrolments. One for all profiles, so that no other profile, login or spelling
/// of an address has a budget of its own.
///
/// It keeps a person from being flooded, and one profile from using up at once what the tenant allows everybody behind this address; it does not keep
/// within the tenant's hourly limits.
final class CodeBudget: Sendable {
    /// What one person is sent within ``window``, at most.
    static let limit = 20
    /// Seconds in which ``limit`` counts.
    static let window = 600
    /// Seconds in which one factor is challenged once, and a login ``challengeLimit`` times.
    static let pace = 30
    static let challengeLimit = 3
    /// People of one tenant who are kept in mind; beyond it nobody else there is sent anything until one of them is forgotten, for whoever could push
    /// others out could begin anew with each.
    static let recipientLimit = 4096

    /// Whom it is sent to: somebody at one tenant.
    struct Recipient: Hashable, Sendable {
        fileprivate let issuer: String
        private let person: Person

        private enum Person: Hashable {
            case address(SignInAddress)
            /// Where a refresh has begun the login, which tells no address.
            case sub(String)
        }

        init(_ address: String, of profile: Profile) {
            issuer = profile.issuer.description.lowercased()
            person = .address(SignInAddress(address))
        }

        init(sub: String, of profile: Profile) {
            issuer = profile.issuer.description.lowercased()
            person = .sub(sub)
        }

        fileprivate func factor(_ id: String) -> Factor { Factor(issuer: issuer, id: id) }
    }

    /// What is sent.
    enum Message: Sendable {
        /// A one-time code, or the enrolment of an app, to which nothing is sent.
        case plain
        /// The challenge of a factor, or the message that sets one up; `factor` names it.
        case challenge(factor: String, login: String)
    }

    fileprivate struct Factor: Hashable {
        var issuer: String
        var id: String
    }

    private struct Challenge {
        var login: String
        var at: UnixTime
    }

    private struct State {
        /// When each was sent something, oldest first.
        var sent: [Recipient: [UnixTime]] = [:]
        var challenges: [Factor: Challenge] = [:]

        mutating func forgetOld(_ now: UnixTime) {
            for (recipient, times) in sent {
                let kept = times.filter { now - $0 < CodeBudget.window }
                sent[recipient] = kept.isEmpty ? nil : kept
            }
            challenges = challenges.filter { now - $0.value.at < CodeBudget.pace }
        }
    }

    private let clock: any AgentClock
    private let state = Mutex(State())

    init(clock: any AgentClock) {
        self.clock = clock
    }

    /// How many people are kept in mind.
    var recipients: Int { state.withLock { $0.sent.count } }

    /// Takes note of something that is about to be sent.
    ///
    /// - Throws: 1007 with the seconds after which it may be.
    func spend(_ message: Message, for recipient: Recipient, profile: String) throws(AgentError) {
        let now = clock.now.unixTime
        let waits = state.withLock { state -> (pace: Int, limit: Int) in
            state.forgetOld(now)
            let waits = (
                pace: Self.pause(before: message, recipient, state, now), limit: Self.rest(recipient, state, now)
            )
            guard waits.pace <= 0, waits.limit <= 0 else { return waits }
            state.sent[recipient, default: []].append(now)
            if case .challenge(let factor, let login) = message {
                state.challenges[recipient.factor(factor)] = Challenge(login: login, at: now)
            }
            return waits
        }
        let wait = max(waits.pace, waits.limit)
        guard wait > 0 else { return }
        let words =
            waits.limit > 0 ? "Too many codes were asked for." : "That factor was asked only just now."
        throw AgentError(.rateLimited, "\(words) Another can be sent in \(wait) seconds.") { data in
            data.profile = profile
            data.retryAfter = wait
        }
    }

    /// The tenant has not sent a challenge after all, so that it may be asked for again. It counts for the ``limit`` all the same.
    func takeBack(_ message: Message, for recipient: Recipient) {
        guard case .challenge(let factor, let login) = message else { return }
        state.withLock { state in
            let factor = recipient.factor(factor)
            if state.challenges[factor]?.login == login { state.challenges[factor] = nil }
        }
    }

    private static func pause(
        before message: Message, _ recipient: Recipient, _ state: State, _ now: UnixTime
    ) -> Int {
        guard case .challenge(let factor, let login) = message else { return 0 }
        let ofFactor = state.challenges[recipient.factor(factor)].map { $0.at + pace - now } ?? 0
        let ofLogin = state.challenges.values.filter { $0.login == login }.map(\.at).sorted()
        guard ofLogin.count >= challengeLimit else { return ofFactor }
        return max(ofFactor, ofLogin[ofLogin.count - challengeLimit] + pace - now)
    }

    private static func rest(_ recipient: Recipient, _ state: State, _ now: UnixTime) -> Int {
        guard let times = state.sent[recipient] else {
            let ofTenant = state.sent.filter { $0.key.issuer == recipient.issuer }.values
            guard ofTenant.count >= recipientLimit else { return 0 }
            return (ofTenant.compactMap(\.last).min() ?? now) + window - now
        }
        return times.count >= limit ? times[times.count - limit] + window - now : 0
    }
}
