import Foundation
import HTTPTypes
import OutsideInput

/// A token bucket: `burst` calls at once, refilled evenly over `period` seconds.
struct RateLimit: Sendable {
    /// The size of a bucket.
    struct Size: Sendable {
        var burst: Int
        /// Seconds in which an empty bucket fills up.
        var period: Double
    }

    /// What the `x-ratelimit-…` headers say after a call.
    struct State: Sendable {
        let limit: Int
        let remaining: Int
        /// Unix seconds at which another call will be let in, or the bucket is full if calls are let in now.
        let reset: Int
        let isExceeded: Bool

        var headers: HTTPFields {
            [
                .rateLimit: String(limit), .rateLimitRemaining: String(remaining), .rateLimitReset: String(reset),
            ]
        }
    }

    private let size: Size
    private var level: Double
    private var looked: Date?

    init(_ size: Size) {
        self.size = size
        level = Double(size.burst)
    }

    private var perSecond: Double { Double(size.burst) / size.period }

    /// Whether nothing more is let in now.
    mutating func isEmpty(now: Date) -> Bool {
        if let looked { level = min(Double(size.burst), level + now.timeIntervalSince(looked) * perSecond) }
        looked = now
        return level < 1
    }

    mutating func take(now: Date) -> State {
        let isExceeded = isEmpty(now: now)
        if !isExceeded { level -= 1 }
        let missing = isExceeded ? 1 - level : Double(size.burst) - level
        return State(
            limit: size.burst, remaining: Bounded.whole(level, in: 0...Int.max) ?? 0,
            reset: Bounded.whole(now.timeIntervalSince1970 + missing / perSecond, in: Bounded.times, rounded: .up) ?? 0,
            isExceeded: isExceeded)
    }
}

/// A refusal that tells the state of a rate limit in its headers.
struct Limited: Error {
    let refusal: Refusal
    let headers: HTTPFields

    var answer: Answer {
        var answer = refusal.answer
        answer.headers.append(contentsOf: headers)
        return answer
    }
}
