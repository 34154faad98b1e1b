import FoundationEssentials
import OutsideInput

/// When a record was written, on each of the clocks, all in seconds.
///
/// The times in a record are of the agent's own time, which every process begins anew. By this stamp the next process translates them: within one boot by
/// the clock that counts from the boot, which nobody can set; after a reboot there is only the wall clock to go by.
struct RecordTime: Codable, Equatable, Sendable {
    /// The times that a record may hold, Unix seconds: to the end of year 9999, and as far back, because a machine whose date was set back may write
    /// times before 1970.
    static let range = -Bounded.times.upperBound...Bounded.times.upperBound
    /// Seconds.
    private static let tolerance = 60.0
    private static let longestID = 64

    /// The writer's own time, since 1970.
    var now: Double
    /// The wall clock, since 1970.
    var wall: Double
    var boot: BootTime

    init(_ clock: any AgentClock) {
        now = clock.now.timeIntervalSince1970
        wall = clock.wall.timeIntervalSince1970
        boot = clock.boot
    }

    /// Whether these can be the clocks of a machine.
    var isSound: Bool {
        let range = Double(Self.range.lowerBound)...Double(Self.range.upperBound)
        // No range contains a NaN.
        return [now, wall, boot.seconds].allSatisfy(range.contains) && boot.id.utf8.count <= Self.longestID
    }

    /// Whether it is no later than this clock as far as that can be told: the time since a boot does not go back.
    func isPast(at clock: any AgentClock) -> Bool {
        boot.id != clock.boot.id || boot.seconds <= clock.boot.seconds + Self.tolerance
    }

    /// Seconds to add to the writer's times so that they are times of this clock.
    func shift(to clock: any AgentClock) -> Int {
        let reader = RecordTime(clock)
        let shift =
            boot.id == reader.boot.id
            ? (reader.now - reader.boot.seconds) - (now - boot.seconds)
            : (reader.now - reader.wall) - (now - wall)
        return Bounded.whole(shift, in: Self.range, rounded: .toNearestOrAwayFromZero) ?? 0
    }
}
