/// One wait for a descriptor to become readable, which costs no thread and can be given up.
final class Arrival: @unchecked Sendable {
    // Unchecked: the reactor's thread alone touches it.
    private let descriptor: Int32
    private var waiter: CheckedContinuation<Void, Never>?
    private var isOver = false

    private init(on descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Returns when there is something to read, or the other end has gone, or the task is cancelled. The descriptor
    /// must stay open until then, and nobody else wait on it.
    static func wait(on descriptor: Int32) async {
        let arrival = Arrival(on: descriptor)
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                Reactor.shared.execute { arrival.begin(continuation) }
            }
        } onCancel: {
            Reactor.shared.execute { arrival.end() }
        }
    }

    private func begin(_ continuation: CheckedContinuation<Void, Never>) {
        // Cancelled before it began.
        guard !isOver else { return continuation.resume() }
        waiter = continuation
        Reactor.shared.watch(descriptor, edges: false) { [self] _ in end() }
    }

    private func end() {
        isOver = true
        guard let waiter else { return }
        self.waiter = nil
        Reactor.shared.unwatch(descriptor)
        waiter.resume()
    }
}
