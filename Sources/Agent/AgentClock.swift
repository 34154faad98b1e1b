package import FoundationEssentials

/// The agent's time: wall-clock time for what has a date, and sleeping on the clock that counts suspend.
package protocol AgentClock: Sendable {
    var now: Date { get }

    /// - Throws: `CancellationError` as soon as the task is cancelled.
    func sleep(for duration: Duration) async throws
}

package struct SystemClock: AgentClock {
    package init() {}

    package var now: Date { .now }

    /// On Linux the continuous clock is CLOCK_BOOTTIME: a deadline that passes during suspend is met at resume.
    package func sleep(for duration: Duration) async throws {
        try await Task.sleep(for: duration, clock: .continuous)
    }
}

extension Date {
    /// Whole seconds since 1970, rounded down: the form of every time on the wire and in the keyring.
    var unixTime: Int { Int(timeIntervalSince1970.rounded(.down)) }

    init(unixTime: Int) {
        self.init(timeIntervalSince1970: TimeInterval(unixTime))
    }

    static func + (date: Date, duration: Duration) -> Date {
        date.addingTimeInterval(duration / .seconds(1))
    }
}
