/// The same choices for the same seed (SplitMix64; Steele, Lea and Flood: "Fast Splittable Pseudorandom Number Generators").
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    /// - Parameter stream: several that are used side by side each take a number of their own, so that neither changes what the others choose.
    init(seed: UInt64, stream: UInt64) {
        state = seed &+ stream &* 0xD1B5_4A32_D192_ED03
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func milliseconds(_ range: ClosedRange<Int>) -> Duration {
        .milliseconds(Int.random(in: range, using: &self))
    }

    mutating func chance(_ numerator: Int, in denominator: Int) -> Bool {
        Int.random(in: 1...denominator, using: &self) <= numerator
    }
}
