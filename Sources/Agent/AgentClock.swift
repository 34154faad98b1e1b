package import FoundationEssentials
import OutsideInput

/// The agent's time.
package protocol AgentClock: Sendable {
    /// The agent's own time, by which it keeps every deadline: the wall clock's when the agent started, and from then on what has really passed, suspend
    /// included. Nobody can set it, so it neither jumps nor turns back.
    var now: Date { get }
    /// The wall clock, as others know it: what has a date on the wire, at the tenant or in a token's claims.
    var wall: Date { get }
    /// Seconds since the machine was started, suspend included, and a name for that start.
    var boot: BootTime { get }

    /// Seconds that the machine has been awake since it was started: the clock that stands still during suspend.
    var awake: Double { get }

    /// Sleeps on the clock that counts suspend.
    ///
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    func sleep(for duration: Duration) async throws
}

/// A point on the clock that counts from the machine's start (clock_gettime(2), CLOCK_BOOTTIME; proc(5), /proc/sys/kernel/random/boot_id).
package struct BootTime: Codable, Equatable, Sendable {
    package var id: String
    package var seconds: Double

    package init(id: String, seconds: Double) {
        self.id = id
        self.seconds = seconds
    }
}

extension AgentClock {
    /// A point of the agent's time as the wall clock tells it.
    func wallTime(of date: Date) -> Int {
        // In whole seconds: one clock is read after the other, so that clocks that agree would seem to differ by a little, and a whole second be lost.
        date.addingTimeInterval(wall.timeIntervalSince(now).rounded()).unixTime
    }
}

package struct SystemClock: AgentClock {
    private let bootID: String
    /// Wall time at the machine's start, as it was known when this clock was made.
    private let start: Date

    package init() {
        // Without procfs no two processes are known to be of one boot, and records then go by the wall clock.
        let id = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
        bootID = id.map { String($0.prefix { !$0.isWhitespace }) } ?? UUID().uuidString
        start = Date.now.addingTimeInterval(-Self.sinceBoot)
    }

    package var now: Date { start.addingTimeInterval(Self.sinceBoot) }

    package var wall: Date { .now }

    package var awake: Double {
        SuspendingClock().systemEpoch.duration(to: .now) / .seconds(1)
    }

    package var boot: BootTime { BootTime(id: bootID, seconds: Self.sinceBoot) }

    /// A deadline that passes during suspend is met at resume.
    package func sleep(for duration: Duration) async throws {
        try await Reactor.shared.sleep(for: duration)
    }

    /// On Linux the continuous clock is CLOCK_BOOTTIME, and its epoch the machine's start.
    private static var sinceBoot: Double {
        ContinuousClock().systemEpoch.duration(to: .now) / .seconds(1)
    }
}

extension Date {
    /// Whole seconds since 1970, rounded down: the form of every time on the wire and in the keyring. Of a time that a date on a calendar cannot say it
    /// is the nearest that it can.
    var unixTime: Int { Bounded.whole(timeIntervalSince1970, in: Bounded.times) ?? 0 }

    /// How long it is from another time to this one.
    func duration(since other: Date) -> Duration {
        Bounded.duration(seconds: timeIntervalSince(other))
    }

    /// Seconds until this time, begun ones included and at most a year; 0 if it is over.
    func secondsLeft(at now: Date) -> Int {
        Bounded.whole(timeIntervalSince(now), in: 0...31_536_000, rounded: .up) ?? 0
    }

    init(unixTime: Int) {
        self.init(timeIntervalSince1970: TimeInterval(unixTime))
    }

    static func + (date: Date, duration: Duration) -> Date {
        date.addingTimeInterval(duration / .seconds(1))
    }
}
