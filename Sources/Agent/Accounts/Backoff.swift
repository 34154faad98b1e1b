/// Delays between attempts, doubling, with jitter.
struct Backoff {
    private let base: Duration
    private let cap: Duration
    private var attempts = 0

    init(base: Duration = .seconds(1), cap: Duration = .seconds(300)) {
        self.base = base
        self.cap = cap
    }

    /// The next delay: between half and all of base · 2ⁿ, never more than the cap. The lower bound keeps a burst of retries from drawing zeros.
    mutating func next() -> Duration {
        let ceiling = min(cap, base * (1 << min(attempts, 20)))
        attempts += 1
        return ceiling * Double.random(in: 0.5...1)
    }
}
