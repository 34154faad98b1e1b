import Foundation
import PosternProtocol

@testable import Agent

/// A subscriber that remembers what it was told.
final class EventLog: Sendable {
    private let lines = Watched<[Event]>([])

    /// Told of everything that happens in the agent from now on.
    init(_ agent: Agent, profile: String? = nil) {
        agent.events.add(subscriber, profile: profile)
    }

    private var subscriber: Subscriber {
        Subscriber { [lines] line in
            // A line that is no event shows as one that is missing.
            guard let notification = try? JSONDecoder().decode(EventNotification.self, from: Data(line)) else { return }
            lines.change { $0.append(notification.params) }
        }
    }

    var events: [Event] { lines.value }

    var kinds: [Event.Kind] { events.map(\.type) }

    /// Waits until there was such an event.
    @discardableResult
    func event(_ kind: Event.Kind) async throws -> Event {
        try await lines.wait { events in events.first { $0.type == kind } }
    }
}
