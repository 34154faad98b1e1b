/// A test waited for something that did not come.
package struct DeadlineExceeded: Error {
    package var limit: Duration
}

/// Runs `body`, and cancels it if it takes longer than `limit`, so that a test that would hang fails instead. The limit is far from what anything takes,
/// also where hundreds of tests share two busy cores.
@discardableResult
package func withDeadline<Value: Sendable>(
    _ limit: Duration = .seconds(120), _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit, clock: .continuous)
            throw DeadlineExceeded(limit: limit)
        }
        defer { group.cancelAll() }
        guard let first = try await group.next() else { throw CancellationError() }
        return first
    }
}
