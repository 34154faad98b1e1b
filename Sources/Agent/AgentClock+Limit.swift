extension AgentClock {
    /// What `body` returns, or nil if it has not returned after `limit`; it is cancelled then, and waited for. Without a
    /// limit it has all the time it wants.
    @discardableResult
    func limit<Value: Sendable>(_ limit: Duration?, _ body: @escaping @Sendable () async -> Value) async -> Value? {
        await withTaskGroup(of: Value?.self) { group in
            group.addTask { await body() }
            if let limit {
                group.addTask {
                    try? await sleep(for: limit)  // cancelled: the body came first
                    return nil
                }
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }
}
