import Foundation
import Synchronization

/// What was done and what came of it, told by many tasks at once.
final class Chronicle: Sendable {
    struct Counts: Equatable, Sendable {
        var kills = 0
        /// Those after which the service manager had forgotten what the daemon had stored with it.
        var forgetfulKills = 0
        var keyringFaults = 0
        var tenantFaults = 0
        var refreshes = 0
        var failedSaves = 0
        var tokens = 0
        var lostLogins = 0
    }

    private struct State {
        var counts = Counts()
        var events: [(at: Date, text: String)] = []
        var kills: [Date] = []
    }

    private let state = Mutex(State())
    private let begin = Date.now

    var counts: Counts { state.withLock { $0.counts } }

    func count(_ change: (inout Counts) -> Void) {
        state.withLock { change(&$0.counts) }
    }

    func note(_ text: String) {
        state.withLock { $0.events.append((.now, text)) }
    }

    func noteKill() {
        state.withLock { $0.kills.append(.now) }
    }

    func killed(between start: Date, and end: Date) -> Bool {
        state.withLock { state in state.kills.contains { start <= $0 && $0 <= end } }
    }

    /// The last things that were done before a moment, a line each.
    func last(_ count: Int, before end: Date = .now) -> String {
        let events = state.withLock { state in state.events.filter { $0.at <= end }.suffix(count) }
        return events.map { event in
            let seconds = event.at.timeIntervalSince(begin).formatted(.number.precision(.fractionLength(2)))
            return "  \(seconds) s: \(event.text)"
        }.joined(separator: "\n")
    }
}
