import OutsideInput
import PosternProtocol

/// Waits until what has kept a request from its answer may be over: by the agent's events, and for a tenant also by time, because nothing tells of a
/// server that is back.
final class Readiness {
    /// The agent has ended while it was waited for. The next one starts with whoever connects.
    struct AgentGone: Error {
        let failure: Failure
    }

    private let events: Client
    private let terminal: Terminal
    private var backOff = 5
    private var told: [String] = []

    /// Subscribes before anything is asked, so that no event is missed.
    init(_ options: AgentOptions, _ interrupts: Interrupts, _ terminal: Terminal) throws {
        self.terminal = terminal
        events = try options.connect(interrupts)
        _ = try events.call(SubscribeToEvents(profile: nil))
    }

    /// Whether waiting may bring what was asked for.
    func cures(_ failure: Failure) -> Bool { failure.agentError.flatMap(Self.cure) != nil }

    /// Returns when the same is to be asked again.
    ///
    /// - Parameter failures: of which each one is curable.
    /// - Throws: ``AgentGone``.
    func wait(for failures: [Failure]) throws {
        let errors = failures.compactMap(\.agentError)
        let cures = errors.compactMap(Self.cure)
        let words = cures.map(\.words).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        if told != words { words.forEach { terminal.say($0) } }
        told = words
        let waits = zip(errors, cures).filter(\.1.isTimed).map {
            ($0.0.data.retryAfter ?? backOff).clamped(to: 1...3600)
        }
        let end = waits.min().map { ContinuousClock.now + .seconds($0) }
        if end != nil { backOff = min(backOff * 2, 60) }
        do {
            while let notification = try events.nextNotification(until: end) {
                if let kind = notification.event?.type, Self.kinds.contains(kind) { return }
            }
        } catch let failure as Failure where failure == .connectionLost {
            throw AgentGone(failure: failure)
        }
    }

    private static let kinds: Set<Event.Kind> = [.keyring, .unlocked, .online, .network, .reloaded, .signedIn]

    /// What is waited for, and whether time alone may bring it; nil if nothing does.
    private static func cure(_ error: AgentError) -> (words: String, isTimed: Bool)? {
        switch error.code {
        case .keyringLocked: ("Waiting until the keyring is unlocked.", false)
        case .keyringUnavailable
        where ["absent", "no_collection", "no_session_collection", "failing"].contains(error.data.cause):
            ("Waiting for the keyring.", false)
        case .agentLocked: ("Waiting until the agent is unlocked.", false)
        case .offline, .rateLimited, .timeout: ("Waiting for the tenant.", true)
        default: nil
        }
    }
}
