/// Something that takes long to find out, found out once for all who ask at the same time. Nobody is told what was found out before they asked.
actor SharedLook<Value: Sendable> {
    /// Not begun: whoever asks now is told of it as well.
    private var upcoming: Task<Value, Never>?
    private var latest: Task<Value, Never>?

    nonisolated var unownedExecutor: UnownedSerialExecutor { Reactor.shared.asUnownedSerialExecutor() }

    func value(_ look: @escaping @Sendable () async -> Value) async -> Value {
        if let upcoming { return await upcoming.value }
        let earlier = latest
        let task = Task {
            _ = await earlier?.value
            // Those who ask in the same turn ask at the same time.
            await Reactor.shared.nextTurn()
            upcoming = nil
            let value = await look()
            // What was found is not kept.
            if upcoming == nil { latest = nil }
            return value
        }
        (upcoming, latest) = (task, task)
        return await task.value
    }
}
