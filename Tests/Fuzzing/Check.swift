import Foundation
import OutsideInput

/// Ends the process if a rule of the product is broken, which is what a fuzzer calls a crash.
func check(_ isKept: Bool, _ rule: String, file: StaticString = #file, line: UInt = #line) {
    // Unlike a precondition, it says what is broken in an optimized build, too.
    if !isKept { fatalError("broken rule: \(rule)", file: file, line: line) }
}

/// A text that people are shown: one line that moves no cursor.
func checkShown(_ text: String?, _ name: String, file: StaticString = #file, line: UInt = #line) {
    check(text?.unicodeScalars.allSatisfy(\.isPrintable) ?? true, "\(name) can be shown", file: file, line: line)
}

/// What was decoded is written and read again, and must come to the same.
func checkRoundTrip<Value: Codable>(_ value: Value, file: StaticString = #file, line: UInt = #line) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let (written, again) = (
        try? encoder.encode(value), try? JSONDecoder().decode(Value.self, from: encoder.encode(value))
    )
    guard let written, let again else { return check(false, "it can be written", file: file, line: line) }
    check((try? encoder.encode(again)) == written, "it is read as it was written", file: file, line: line)
}

/// The text of the bytes, as far as they are one: where the product is given a `String`, bytes that are no UTF-8 have been refused before.
func text(_ bytes: some Collection<UInt8>) -> String {
    String(decoding: bytes, as: UTF8.self)
}
