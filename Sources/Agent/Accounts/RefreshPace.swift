import Synchronization

/// How many refreshes nobody waits for may be under way at once. A thousand tokens that expire together are refreshed at a pace that the tenant and the
/// keyring can keep up with; whoever asks for a token does not stand in this line.
final class RefreshPace: Sendable {
    private struct State {
        var free: Int
        /// First come, first served.
        var line: [Nudge] = []
    }

    private let state: Mutex<State>

    static let standardLimit = 8

    init(limit: Int = standardLimit) {
        state = Mutex(State(free: limit))
    }

    /// Takes a place. If there is none, stands in line, and is nudged when it is worth to ask again.
    func enter(_ nudge: Nudge) -> Bool {
        state.withLock { state in
            if state.free > 0 {
                state.free -= 1
                state.line.removeAll { $0 === nudge }
                return true
            }
            if !state.line.contains(where: { $0 === nudge }) { state.line.append(nudge) }
            return false
        }
    }

    func hasInLine(_ nudge: Nudge) -> Bool {
        state.withLock { state in state.line.contains { $0 === nudge } }
    }

    /// Gives a place back.
    func leave() {
        let next = state.withLock { state in
            state.free += 1
            return state.line.isEmpty ? nil : state.line.removeFirst()
        }
        next?.nudge()
    }

    /// Leaves the line. A place that this one was called for goes to the next.
    func giveUp(_ nudge: Nudge) {
        let next = state.withLock { state in
            state.line.removeAll { $0 === nudge }
            return state.free > 0 && !state.line.isEmpty ? state.line.removeFirst() : nil
        }
        next?.nudge()
    }
}
