import Synchronization

/// A value that changes while tests wait for it to be as they need it.
final class Watched<Value: Sendable>: Sendable {
    private struct Contents {
        var value: Value
        var version = 0
        var waiters: [Int: CheckedContinuation<Void, any Error>] = [:]
        var waiterCount = 0
    }

    private let contents: Mutex<Contents>

    init(_ value: Value) {
        contents = Mutex(Contents(value: value))
    }

    var value: Value { contents.withLock { $0.value } }

    @discardableResult
    func change<Result: Sendable>(_ change: (inout Value) -> Result) -> Result {
        let (result, waiters) = contents.withLock { contents in
            let result = change(&contents.value)
            contents.version += 1
            defer { contents.waiters = [:] }
            return (result, contents.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
        return result
    }

    /// Suspends until `find` finds something; it is asked anew after every change.
    @discardableResult
    func wait<Found: Sendable>(for find: (Value) -> Found?) async throws -> Found {
        while true {
            let (found, version) = contents.withLock { (find($0.value), $0.version) }
            if let found { return found }
            try await nextChange(after: version)
        }
    }

    private func nextChange(after version: Int) async throws {
        let id = contents.withLock { contents in
            contents.waiterCount += 1
            return contents.waiterCount
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let isKept = contents.withLock { contents in
                    guard contents.version == version, !Task.isCancelled else { return false }
                    contents.waiters[id] = continuation
                    return true
                }
                if !isKept { continuation.resume() }
            }
            try Task.checkCancellation()
        } onCancel: {
            let waiter = contents.withLock { $0.waiters.removeValue(forKey: id) }
            waiter?.resume(throwing: CancellationError())
        }
    }
}
