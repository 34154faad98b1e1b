import FoundationEssentials
import Synchronization

/// How many failed refreshes may be tried again, over all accounts (a token bucket): a tenant in trouble is not also to bear everybody's retries.
final class RetryBudget: Sendable {
    private struct Bucket {
        var tokens: Double
        var filledAt: Date
    }

    private let size: Double
    /// Tokens a second.
    private let rate: Double
    private let bucket = Mutex<Bucket?>(nil)

    /// - Parameters:
    ///   - size: retries that may come at once.
    ///   - rate: retries a second after that.
    init(size: Int = 60, rate: Double = 1) {
        self.size = Double(size)
        self.rate = rate
    }

    /// Takes note of a retry.
    ///
    /// - Returns: how long it has to wait for its token.
    func spend(at now: Date) -> Duration {
        bucket.withLock { bucket in
            let filled = bucket.map { min(size, $0.tokens + max(now.timeIntervalSince($0.filledAt), 0) * rate) } ?? size
            bucket = Bucket(tokens: filled - 1, filledAt: now)
            return .seconds(max(1 - filled, 0) / rate)
        }
    }
}
