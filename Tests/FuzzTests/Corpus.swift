import Foundation
import Fuzzing

/// The inputs that each reader begins with, and words to put into them. `scripts/fuzz` begins with the same.
enum Corpus {
    private static let directory = URL(filePath: #filePath).deletingLastPathComponent()

    /// In the order of their names, so that a seed means the same everywhere.
    static func inputs(of reader: Reader) throws -> [[UInt8]] {
        let directory = directory.appending(components: "Corpus", reader.rawValue)
        return try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
            .map { Array(try Data(contentsOf: directory.appending(component: $0))) }
    }

    /// The values of a dictionary in libFuzzer's format: `name="value"`, where `\xAB` is a byte.
    static func words() throws -> [[UInt8]] {
        try String(contentsOf: directory.appending(component: "numbers.dict"), encoding: .utf8)
            .split(separator: "\n").filter { !$0.hasPrefix("#") }
            .compactMap { line in
                guard let start = line.firstIndex(of: "\""), line.last == "\"" else { return nil }
                return word(line[start...].dropFirst().dropLast())
            }
    }

    private static func word(_ text: Substring) -> [UInt8] {
        var word: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let next = rest.popFirst() else {
                word.append(byte)
                continue
            }
            let digits = next == UInt8(ascii: "x") ? Substring(rest.prefix(2)) : ""
            rest = rest.dropFirst(digits.utf8.count)
            word.append(UInt8(digits, radix: 16) ?? next)
        }
        return word
    }
}
