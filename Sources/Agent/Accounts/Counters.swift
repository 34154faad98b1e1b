import Synchronization

/// How often things happened since the agent started, for `agent.status`.
package final class Counters: Sendable {
    package enum Name: String, CaseIterable, Sendable {
        case tokensFromCache = "tokens_from_cache"
        case tokensFromRefresh = "tokens_from_refresh"
        case refreshes
        case refreshFailures = "refresh_failures"
        case saves
        case saveFailures = "save_failures"
        case signIns = "sign_ins"
        case connections
    }

    private let values = Mutex<[Name: Int]>([:])

    package init() {}

    package func count(_ name: Name) {
        values.withLock { $0[name, default: 0] += 1 }
    }

    package var snapshot: [String: Int] {
        let values = values.withLock { $0 }
        return Dictionary(uniqueKeysWithValues: Name.allCases.map { ($0.rawValue, values[$0] ?? 0) })
    }
}
