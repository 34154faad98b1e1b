/// Makes nearly valid inputs out of a corpus: the same ones for the same seed.
struct Mutator {
    private let corpus: [[UInt8]]
    private let words: [[UInt8]]
    private var generator: SplitMix64

    /// Longer inputs find nothing that shorter ones do not, and take longer, bytes.
    private static let limit = 4096

    init(corpus: [[UInt8]], words: [[UInt8]], seed: UInt64) {
        self.corpus = corpus
        self.words = words
        generator = SplitMix64(state: seed)
    }

    mutating func next() -> [UInt8] {
        guard var input = corpus.randomElement(using: &generator) else { return [] }
        for _ in 0..<Int.random(in: 1...4, using: &generator) { mutate(&input) }
        return Array(input.prefix(Self.limit))
    }

    private mutating func mutate(_ input: inout [UInt8]) {
        let range = someRange(of: input)
        switch Int.random(in: 0..<7, using: &generator) {
        case 0:
            guard let place = input.indices.randomElement(using: &generator) else { return }
            input[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: input.insert(contentsOf: someWord(), at: range.lowerBound)
        case 2: input.replaceSubrange(range, with: someWord())
        case 3: replaceNumber(in: &input)
        case 4: input.removeSubrange(range)
        case 5:
            let count = Int.random(in: 1...80, using: &generator)
            input.insert(contentsOf: repeatElement(input[range], count: count).joined(), at: range.upperBound)
        default:
            // The beginning of one and the end of another.
            let other = corpus.randomElement(using: &generator) ?? []
            input.replaceSubrange(range.lowerBound..., with: other[someRange(of: other).lowerBound...])
        }
    }

    /// Puts a word in the place of a number, where it does most harm.
    private mutating func replaceNumber(in input: inout [UInt8]) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let starts = input.indices.filter { digits.contains(input[$0]) && ($0 == 0 || !digits.contains(input[$0 - 1])) }
        guard let start = starts.randomElement(using: &generator) else { return }
        let end = input[start...].firstIndex { !digits.contains($0) } ?? input.endIndex
        input.replaceSubrange(start..<end, with: someWord())
    }

    private mutating func someWord() -> [UInt8] {
        words.randomElement(using: &generator) ?? []
    }

    /// Mostly short.
    private mutating func someRange(of input: [UInt8]) -> Range<Int> {
        let start = Int.random(in: 0...input.count, using: &generator)
        let longest = Bool.random(using: &generator) ? 8 : input.count
        return start..<min(start + Int.random(in: 0...longest, using: &generator), input.count)
    }
}

/// The same numbers for the same state (Steele, Lea and Flood: "Fast Splittable Pseudorandom Number Generators").
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
