import FoundationEssentials
import PosternProtocol
import Synchronization

/// Tells subscribers what happens. Nobody is waited for: a subscriber takes a line at once or not at all.
final class EventHub: Sendable {
    private struct Subscription {
        var subscriber: Subscriber
        /// Nil is all profiles.
        var profile: String?
    }

    private let subscriptions = Mutex<[Subscription]>([])
    private let clock: any AgentClock

    init(clock: any AgentClock) {
        self.clock = clock
    }

    /// - Parameter profile: whose events are wanted from now on; nil is everybody's.
    func add(_ subscriber: Subscriber, profile: String?) {
        subscriptions.withLock { subscriptions in
            subscriptions.removeAll { $0.subscriber === subscriber }
            subscriptions.append(Subscription(subscriber: subscriber, profile: profile))
        }
    }

    func remove(_ subscriber: Subscriber) {
        subscriptions.withLock { $0.removeAll { $0.subscriber === subscriber } }
    }

    func publish(_ kind: Event.Kind, profile: String? = nil, _ edit: (inout Event) -> Void = { _ in }) {
        let interested = subscriptions.withLock { subscriptions in
            subscriptions.filter { profile == nil || $0.profile == nil || $0.profile == profile }.map(\.subscriber)
        }
        guard !interested.isEmpty else { return }
        var event = Event(kind, profile: profile, at: clock.wall.unixTime)
        edit(&event)
        // Strings and numbers alone: cannot fail.
        guard let line = try? Methods.encoder.encode(EventNotification(event)) else { return }
        for subscriber in interested {
            subscriber.send(Array(line))
        }
    }
}

/// A connection that events can be sent over.
final class Subscriber: Sendable {
    /// Sends a line; it must not block.
    let send: @Sendable ([UInt8]) -> Void

    init(send: @escaping @Sendable ([UInt8]) -> Void) {
        self.send = send
    }
}
