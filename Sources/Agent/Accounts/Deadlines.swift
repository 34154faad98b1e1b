import FoundationEssentials
import Synchronization

/// Whose deadlines may have moved since the ``Refresher`` last looked, so that it need not ask thousands of accounts about each that has changed.
final class Deadlines: Sendable {
    enum Moved: Sendable {
        /// The accounts themselves may be others.
        case all
        case some([Account])
    }

    private enum State {
        case all
        case some([ObjectIdentifier: Account])
    }

    private let state = Mutex(State.all)
    private let nudge = Nudge()
    private let follower = Mutex(Follower())

    /// Whoever takes and sleeps in turns.
    private struct Follower {
        /// Nil while it sleeps.
        var busySince: Date?
        /// Who waits for it to take.
        var askers: [Nudge] = []
    }

    func moved(of account: Account) {
        state.withLock { state in
            guard case .some(var accounts) = state else { return }
            accounts[ObjectIdentifier(account)] = account
            state = .some(accounts)
        }
        nudge.nudge()
    }

    func allMoved() {
        state.withLock { $0 = .all }
        nudge.nudge()
    }

    /// Returns when the follower has shown that it goes on: at once if it has been at work on one thing for less than
    /// `patience`, else when it takes next.
    func followed(patience: Duration, on clock: any AgentClock) async {
        let answer = Nudge()
        let isAtWork = follower.withLock { follower in
            if let since = follower.busySince, clock.now < since + patience { return true }
            follower.askers.append(answer)
            return false
        }
        guard !isAtWork else { return }
        nudge.nudge()
        await answer.sleep(for: nil, on: clock)
    }

    /// The follower has done one of several things that it had taken.
    func progressed(at now: Date) {
        let askers = follower.withLock { follower in
            follower.busySince = now
            defer { follower.askers = [] }
            return follower.askers
        }
        for asker in askers { asker.nudge() }
    }

    /// What has moved since it was last taken.
    func take(at now: Date) -> Moved {
        progressed(at: now)
        return state.withLock { state in
            defer { state = .some([:]) }
            return switch state {
            case .all: .all
            case .some(let accounts): .some(Array(accounts.values))
            }
        }
    }

    /// Sleeps for the duration, for ever if it is nil; returns early if something has moved or the task is cancelled.
    func sleep(for duration: Duration?, on clock: any AgentClock) async {
        follower.withLock { $0.busySince = nil }
        await nudge.sleep(for: duration, on: clock)
    }
}
