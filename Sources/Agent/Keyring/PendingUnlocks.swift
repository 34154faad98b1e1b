/// The calls of `keyring.unlock` that are under way: a request that needs what is locked may wait for them.
actor PendingUnlocks {
    private var count = 0
    private var waiters: [AsyncStream<Never>.Continuation] = []

    func run<Value: Sendable>(_ unlock: @Sendable () async -> Value) async -> Value {
        count += 1
        let value = await unlock()
        count -= 1
        if count == 0 {
            for waiter in waiters { waiter.finish() }
            waiters = []
        }
        return value
    }

    /// Waits until none is under way any more, or the task is cancelled.
    ///
    /// - Returns: whether there was one.
    func ended() async -> Bool {
        guard count > 0 else { return false }
        let (end, waiter) = AsyncStream.makeStream(of: Never.self)
        waiters.append(waiter)
        for await _ in end {}
        return true
    }
}
