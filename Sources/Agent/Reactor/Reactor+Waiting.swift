import CCrash
import Glibc
import Synchronization

// What a task can wait for here. It costs no thread, and ends at once when the task is cancelled.

extension Reactor {
    /// Returns when there is something to read, or the other end has gone, or the task is cancelled. The descriptor must stay open until then, and nobody
    /// else wait on it.
    func arrival(on descriptor: Int32) async {
        await wait { [self] done in
            watch(descriptor, edges: false) { _ in done() }
        } cleanUp: { [self] in
            unwatch(descriptor)
        }
    }

    /// Sleeps on the clock that counts suspend. `Task.sleep` would do so too, but by threads and timers of Dispatch, which then wake once a second for good.
    ///
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    package func sleep(for duration: Duration) async throws {
        let timer = TimerQueue.Timer(after: duration)
        await wait { [self] done in
            timers.add(timer, done)
        } cleanUp: { [self] in
            timers.remove(timer)
        }
        try Task.checkCancellation()
    }

    /// Returns when the thread has come round to it.
    func turn() async {
        await withCheckedContinuation { continuation in execute { continuation.resume() } }
    }

    /// Returns in the next turn: what goes through many says so after every few.
    func nextTurn() async {
        await withCheckedContinuation { continuation in
            execute { Reactor.shared.callInNextTurn { continuation.resume() } }
        }
    }

    /// Returns in a turn in which nothing else long is done: for what goes through many and cannot say so in between.
    func longTurn() async {
        await withCheckedContinuation { continuation in
            execute { Reactor.shared.callInLongTurn { continuation.resume() } }
        }
    }

    private func callInLongTurn(_ call: @escaping @Sendable () -> Void) {
        guard !takeLongTurn() else { return call() }
        callInNextTurn(first: true) { self.callInLongTurn(call) }
    }

    /// Does something long on a thread of its own, which ends with it. Dispatch's threads would stay, and wake for nothing.
    func apart<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            let call = Call { continuation.resume(returning: work()) }
            var thread = pthread_t()
            let isStarted =
                pthread_create(
                    &thread, nil,
                    { call in
                        postern_take_sent_crashes(0)
                        postern_report_stack_overflow()
                        if let call { Unmanaged<Call>.fromOpaque(call).takeRetainedValue().body() }
                        return nil
                    }, Unmanaged.passRetained(call).toOpaque()) == 0
            if isStarted {
                pthread_detach(thread)
            } else {
                // There is no other thread to be had: better late than not at all.
                Unmanaged.passUnretained(call).release()
                call.body()
            }
        }
    }

    /// What a thread is handed.
    private final class Call: Sendable {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) {
            self.body = body
        }
    }

    /// Goes through many, a few in each turn, so that nobody waits for all of them.
    func each<Element: Sendable>(
        of elements: [Element], _ body: (Element) async -> Void
    ) async {
        for (number, element) in elements.enumerated() {
            if number > 0, number.isMultiple(of: Self.fewPerTurn) { await nextTurn() }
            await body(element)
        }
    }

    static let fewPerTurn = 16

    /// Returns when what `begin` has been given was called, or the task is cancelled. All three run on the thread.
    ///
    /// - Parameter cleanUp: takes back what `begin` has done.
    private func wait(
        _ begin: @escaping @Sendable (_ done: @escaping @Sendable () -> Void) -> Void,
        cleanUp: @escaping @Sendable () -> Void
    ) async {
        let wait = Wait()
        let end: @Sendable () -> Void = {
            guard let waiter = wait.end() else { return }
            cleanUp()
            waiter.resume()
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                execute {
                    // Cancelled before it began.
                    guard wait.begin(continuation) else { return continuation.resume() }
                    begin(end)
                }
            }
        } onCancel: {
            execute(end)
        }
    }

    /// Begins once and ends once, in either order.
    private final class Wait: Sendable {
        private enum State {
            case new
            case waiting(CheckedContinuation<Void, Never>)
            case over
        }

        private let state = Mutex(State.new)

        /// - Returns: false if it has ended already.
        func begin(_ waiter: CheckedContinuation<Void, Never>) -> Bool {
            state.withLock { state in
                guard case .new = state else { return false }
                state = .waiting(waiter)
                return true
            }
        }

        /// - Returns: who has waited until now, if anybody.
        func end() -> CheckedContinuation<Void, Never>? {
            state.withLock { state in
                defer { state = .over }
                return if case .waiting(let waiter) = state { waiter } else { nil }
            }
        }
    }
}
