import Synchronization

/// Wakes one sleeper before its time. A nudge that comes while nobody sleeps is kept for the next sleep, so none is lost.
final class Nudge: Sendable {
    private enum State {
        case idle
        case nudged
        case sleeping(CheckedContinuation<Void, Never>)
    }

    private let state = Mutex(State.idle)

    func nudge() {
        let sleeper = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if case .sleeping(let sleeper) = state {
                state = .idle
                return sleeper
            }
            state = .nudged
            return nil
        }
        sleeper?.resume()
    }

    /// Sleeps for the duration, for ever if it is nil; returns early at a nudge or if the task is cancelled.
    func sleep(for duration: Duration?, on clock: any AgentClock) async {
        await clock.limit(duration) { await self.nextNudge() }
    }

    private func nextNudge() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let wakeNow = state.withLock { state in
                    if case .nudged = state {
                        state = .idle
                        return true
                    }
                    if Task.isCancelled { return true }
                    state = .sleeping(continuation)
                    return false
                }
                if wakeNow { continuation.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { state -> CheckedContinuation<Void, Never>? in
                guard case .sleeping(let sleeper) = state else { return nil }
                state = .idle
                return sleeper
            }
            sleeper?.resume()
        }
    }
}
