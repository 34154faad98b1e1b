/// Why a configuration is not accepted: which file, group and key, and what would be right.
package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    package var file: String
    package var group: String?
    package var key: String?
    package var problem: String

    package var description: String {
        let place = [group.map { "[\($0.shown)]" }, key?.shown].compactMap { $0 }.joined(separator: " ")
        return place.isEmpty ? "\(file): \(problem)" : "\(file): \(place): \(problem)"
    }

    /// The nearest of the words there are, as a question; empty if none is near.
    static func suggestion(for word: String, among words: [String]) -> String {
        // Comparing costs the product of both lengths, and what is this long is no slip.
        guard word.utf8.count <= 64 else { return "" }
        let nearest = words.map { ($0, distance(word, $0)) }.min { $0.1 < $1.1 }
        guard let (match, distance) = nearest, distance <= max(2, word.count / 3) else { return "" }
        return ", did you mean \"\(match)\"?"
    }

    /// How many letters must be typed differently to get from one word to the other (Levenshtein).
    private static func distance(_ a: String, _ b: String) -> Int {
        let b = Array(b)
        var row = Array(0...b.count)
        for (i, letter) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for j in b.indices {
                let substitution = diagonal + (letter == b[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substitution, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }
}
