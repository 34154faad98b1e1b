import Agent
import Foundation

/// Time that stands still, so that the same bytes always come to the same.
struct FixedClock: AgentClock {
    static let seconds = 1_800_000_000

    var now: Date { Date(timeIntervalSince1970: Double(Self.seconds)) }
    var wall: Date { now }
    var boot: BootTime { BootTime(id: "boot", seconds: 1_000_000) }
    var awake: Double { 1_000_000 }

    func sleep(for duration: Duration) async throws {
        throw CancellationError()
    }
}
