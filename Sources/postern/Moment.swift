import Glibc
import OutsideInput
import PosternProtocol

/// A time as people say it: by their own clock, and as seen from now.
struct Moment {
    private let time: UnixTime
    private let now: UnixTime

    /// A time that no calendar has, such as a false agent may tell, is the first or the last that one has.
    init(_ time: UnixTime, now: UnixTime = Self.now) {
        self.time = time.clamped(to: Bounded.times)
        self.now = now.clamped(to: Bounded.times)
    }

    /// Seconds from now until the time; 0 if it is over.
    static func seconds(until time: UnixTime, now: UnixTime = Self.now) -> Int {
        max(Bounded.difference(time, now), 0)
    }

    static var now: UnixTime { UnixTime(Glibc.time(nil)) }

    /// Such as "15:04 (in 3 min)".
    var words: String { "\(clock) (\(distance))" }

    /// Such as "in 3 min" or "2 days ago".
    var distance: String {
        switch time - now {
        case 0: "now"
        case let ahead where ahead > 0: "in \(Self.words(seconds: ahead))"
        case let behind: "\(Self.words(seconds: -behind)) ago"
        }
    }

    /// "15:04" if it is today, else "2026-11-25 15:04", in the zone of TZ or /etc/localtime.
    var clock: String {
        let day = Self.format(time, "%Y-%m-%d")
        let hour = Self.format(time, "%H:%M")
        return day == Self.format(now, "%Y-%m-%d") ? hour : "\(day) \(hour)"
    }

    /// A length of time in the one unit that fits it, rounded down so that nothing is promised to last longer than it
    /// does.
    static func words(seconds: Int) -> String {
        switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) hours"
        default: "\(seconds / 86400) days"
        }
    }

    private static func format(_ time: UnixTime, _ format: String) -> String {
        var seconds = time_t(time)
        var local = tm()
        localtime_r(&seconds, &local)
        var text = [CChar](repeating: 0, count: 32)
        let length = strftime(&text, text.count, format, &local)
        return String(decoding: text.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
