/// Delays between attempts, doubling, with full jitter: callers that failed together do not come back together.
struct Backoff {
    private let base: Duration
    private let cap: Duration
    private var attempts = 0

    init(base: Duration = .seconds(1), cap: Duration = .seconds(300)) {
        self.base = base
        self.cap = cap
    }

    /// The next delay: anything up to base · 2ⁿ, never more than the cap. Nor less than a tenth of the base: zeros drawn in a row would be a burst.
    mutating func next() -> Duration {
        let ceiling = min(cap, base * (1 << min(attempts, 20)))
        attempts += 1
        return max(base / 10, ceiling * Double.random(in: 0...1))
    }
}
