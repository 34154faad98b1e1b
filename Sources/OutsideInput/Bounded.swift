/// Numbers that an outsider wrote (a tenant, a file, the socket, a clock), made such that one can reckon with them: `Int(Double)` and `+` end the
/// process where the value does not fit. No other file converts a floating-point number to an integer (scripts/check).
package enum Bounded {
    /// From the year 1970 to the year 9999, Unix seconds. Sums and differences of two such times cannot overflow.
    package static let times = 0...253_402_300_799

    /// The whole number that is nearest to this one in the range; nil if it is no number (NaN), which says nothing.
    package static func whole(
        _ number: Double, in range: ClosedRange<Int>, rounded rule: FloatingPointRoundingRule = .down
    ) -> Int? {
        guard !number.isNaN else { return nil }
        let whole = number.rounded(rule)
        // Between the bounds it fits, though a bound such as the largest integer is not a Double.
        if whole >= Double(range.upperBound) { return range.upperBound }
        if whole <= Double(range.lowerBound) { return range.lowerBound }
        return Int(whole)
    }

    /// The length of time, at most 3,000 years in either direction, which a `Duration` and every clock here can hold; none at all of what is no number.
    package static func duration(seconds: Double) -> Duration {
        seconds.isNaN ? .zero : .seconds(min(max(seconds, -1e11), 1e11))
    }

    /// The decimal number that a text is, however large; nil if it is none. `nan`, `inf` and hexadecimal digits, which `Double` would read, are none.
    package static func number(_ text: some StringProtocol) -> Double? {
        guard text.utf8.count <= 400, text.utf8.contains(where: isDigit),
            text.utf8.allSatisfy({ isDigit($0) || "+-.eE".utf8.contains($0) })
        else { return nil }
        return Double(text)
    }

    /// Where a sum is no integer any more, the nearest one.
    package static func sum(_ a: Int, _ b: Int) -> Int {
        let (sum, overflows) = a.addingReportingOverflow(b)
        return overflows ? (b < 0 ? .min : .max) : sum
    }

    /// Where a difference is no integer any more, the nearest one.
    package static func difference(_ a: Int, _ b: Int) -> Int {
        let (difference, overflows) = a.subtractingReportingOverflow(b)
        return overflows ? (b < 0 ? .max : .min) : difference
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

extension Int {
    /// The nearest number in the range.
    package func clamped(to range: ClosedRange<Int>) -> Int {
        Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
    }
}
