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

    /// What has moved since it was last taken.
    func take() -> Moved {
        state.withLock { state in
            defer { state = .some([:]) }
            return switch state {
            case .all: .all
            case .some(let accounts): .some(Array(accounts.values))
            }
        }
    }

    /// Sleeps for the duration, for ever if it is nil; returns early if something has moved or the task is cancelled.
    func sleep(for duration: Duration?, on clock: any AgentClock) async {
        await nudge.sleep(for: duration, on: clock)
    }
}
