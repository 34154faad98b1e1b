/// The outline of one JSON text: whether it is valid to the letter of RFC 8259, and where its outermost members stand.
///
/// Foundation's decoder accepts a byte order mark, trailing commas and duplicate names (the last one wins), and it does not show the bytes a value was
/// written with. A protocol that refuses typing mistakes needs the first, and echoing a request's `id` unchanged needs the second. Of values only
/// strings are decoded here, where it is asked for.
package struct StrictJSON {
    package enum Outline: Equatable {
        /// Names are decoded, values are ranges of the text.
        case object([Member])
        case array([Range<Int>])
        case string, number, literal
    }

    package struct Member: Equatable {
        package var name: String
        package var value: Range<Int>

        package init(name: String, value: Range<Int>) {
            self.name = name
            self.value = value
        }
    }

    /// What is wrong, and at which byte.
    package struct SyntaxError: Error, Equatable {
        package var reason: String
        package var offset: Int
    }

    /// Arrays and objects may be nested this deep.
    package static let depthLimit = 64

    private let bytes: ArraySlice<UInt8>
    private var position: Int

    private init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    /// The outline of a text that is one JSON value and nothing else but white space around it.
    package static func outline(of bytes: ArraySlice<UInt8>) throws(SyntaxError) -> Outline {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw SyntaxError(reason: "it is not UTF-8", offset: bytes.startIndex)
        }
        var parser = StrictJSON(bytes)
        parser.skipSpace()
        let outline = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.position == bytes.endIndex else { throw parser.error("there is more after the value") }
        return outline
    }

    /// What a text says that is a JSON string and nothing else; nil if it is something else.
    package static func string(_ bytes: ArraySlice<UInt8>) -> String? {
        var parser = StrictJSON(bytes)
        guard let string = try? parser.string(), parser.position == bytes.endIndex else { return nil }
        return string
    }

    private mutating func value(depth: Int) throws(SyntaxError) -> Outline {
        switch peek {
        case UInt8(ascii: "{"):
            return try object(depth: depth + 1)
        case UInt8(ascii: "["):
            return try array(depth: depth + 1)
        case UInt8(ascii: "\""):
            _ = try stringBounds()
            return .string
        case UInt8(ascii: "t"):
            return try literal("true")
        case UInt8(ascii: "f"):
            return try literal("false")
        case UInt8(ascii: "n"):
            return try literal("null")
        case let byte? where byte == UInt8(ascii: "-") || Self.isDigit(byte):
            return try number()
        default:
            throw error("a value is missing")
        }
    }

    private mutating func object(depth: Int) throws(SyntaxError) -> Outline {
        guard depth <= Self.depthLimit else { throw error("it is nested deeper than \(Self.depthLimit) levels") }
        var members: [Member] = []
        var names = Names()
        try elements(from: "{", to: "}") { (parser) throws(SyntaxError) in
            guard parser.peek == UInt8(ascii: "\"") else { throw parser.error("a member's name is missing") }
            let name = try parser.string()
            guard names.insert(name) else { throw parser.error("a member's name stands twice") }
            parser.skipSpace()
            try parser.expect(":")
            parser.skipSpace()
            let start = parser.position
            _ = try parser.value(depth: depth)
            if depth == 1 {
                members.append(Member(name: name, value: start..<parser.position))
            }
        }
        return .object(members)
    }

    /// The names that an object has so far.
    private struct Names {
        /// To look through some is quicker than to hash them; to make the first set of a process takes longer than all the rest of `postern token`.
        private static let fewLimit = 16

        private var few: [String] = []
        private var others: Set<String> = []

        /// - Returns: false if it was there.
        mutating func insert(_ name: String) -> Bool {
            guard !few.contains(name) else { return false }
            guard few.count == Self.fewLimit else {
                few.append(name)
                return true
            }
            return others.insert(name).inserted
        }
    }

    private mutating func array(depth: Int) throws(SyntaxError) -> Outline {
        guard depth <= Self.depthLimit else { throw error("it is nested deeper than \(Self.depthLimit) levels") }
        var values: [Range<Int>] = []
        try elements(from: "[", to: "]") { (parser) throws(SyntaxError) in
            let start = parser.position
            _ = try parser.value(depth: depth)
            if depth == 1 {
                values.append(start..<parser.position)
            }
        }
        return .array(values)
    }

    private mutating func elements(
        from open: Unicode.Scalar, to close: Unicode.Scalar,
        _ element: (inout StrictJSON) throws(SyntaxError) -> Void
    ) throws(SyntaxError) {
        try expect(open)
        skipSpace()
        if take(close) { return }
        while true {
            try element(&self)
            skipSpace()
            if take(close) { return }
            try expect(",")
            skipSpace()
        }
    }

    private mutating func string() throws(SyntaxError) -> String {
        let (inner, isPlain) = try stringBounds()
        return isPlain ? String(decoding: bytes[inner], as: UTF8.self) : Self.unescape(bytes[inner])
    }

    /// Where a string stands, without its quotation marks, and whether it has no escape sequence.
    private mutating func stringBounds() throws(SyntaxError) -> (inner: Range<Int>, isPlain: Bool) {
        let start = position
        try expect("\"")
        var isPlain = true
        while true {
            guard let byte = peek else { throw error("a string does not end") }
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                return (start + 1..<position - 1, isPlain)
            case UInt8(ascii: "\\"):
                isPlain = false
                try escape()
            case ..<0x20:
                throw error("a string holds an unescaped control character")
            default:
                break
            }
        }
    }

    /// One escape sequence after its backslash. A high surrogate must be followed by a low one (RFC 8259, section 8.2, leaves it open; here it is
    /// refused, since no text can hold it).
    private mutating func escape() throws(SyntaxError) {
        guard let byte = peek else { throw error("a string does not end") }
        position += 1
        guard byte == UInt8(ascii: "u") else {
            guard "\"\\/bfnrt".utf8.contains(byte) else { throw error("an escape sequence is unknown") }
            return
        }
        let unit = try hexadecimal()
        guard !(0xDC00...0xDFFF).contains(unit) else { throw error("a surrogate stands alone") }
        guard (0xD800...0xDBFF).contains(unit) else { return }
        guard take("\\"), take("u"), (0xDC00...0xDFFF).contains(try hexadecimal()) else {
            throw error("a surrogate stands alone")
        }
    }

    private mutating func hexadecimal() throws(SyntaxError) -> UInt16 {
        guard position + 4 <= bytes.endIndex,
            bytes[position..<position + 4].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let unit = UInt16(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
        else { throw error("an escape sequence needs four hexadecimal digits") }
        position += 4
        return unit
    }

    /// The text of a string that ``escape()`` has accepted.
    private static func unescape(_ bytes: ArraySlice<UInt8>) -> String {
        var units: [UInt16] = []
        var rest = Substring(decoding: bytes, as: UTF8.self).utf16[...]
        while let unit = rest.popFirst() {
            guard unit == 0x5C, let kind = rest.popFirst() else {
                units.append(unit)
                continue
            }
            switch UInt8(truncatingIfNeeded: kind) {
            case UInt8(ascii: "b"): units.append(0x08)
            case UInt8(ascii: "f"): units.append(0x0C)
            case UInt8(ascii: "n"): units.append(0x0A)
            case UInt8(ascii: "r"): units.append(0x0D)
            case UInt8(ascii: "t"): units.append(0x09)
            case UInt8(ascii: "u"):
                let digits = String(decoding: rest.prefix(4), as: UTF16.self)
                rest = rest.dropFirst(4)
                units.append(UInt16(digits, radix: 16) ?? 0xFFFD)
            default: units.append(kind)
            }
        }
        return String(decoding: units, as: UTF16.self)
    }

    private mutating func number() throws(SyntaxError) -> Outline {
        let start = position
        _ = take("-")
        if !take("0") {
            try digits()
        }
        if take(".") {
            try digits()
        }
        let hasExponent = take("e") || take("E")
        if hasExponent {
            if !take("+") { _ = take("-") }
            try digits()
        }
        // The largest number that a Double holds has 309 digits; to make one takes longer than all the rest.
        if hasExponent || position - start > 300 {
            guard Double(String(decoding: bytes[start..<position], as: UTF8.self))?.isFinite == true else {
                throw error("a number is too large")
            }
        }
        return .number
    }

    private mutating func digits() throws(SyntaxError) {
        let start = position
        while let byte = peek, Self.isDigit(byte) {
            position += 1
        }
        guard position > start else { throw error("a number lacks a digit") }
    }

    private mutating func literal(_ word: StaticString) throws(SyntaxError) -> Outline {
        let isThere = word.withUTF8Buffer { bytes[position...].starts(with: $0) }
        guard isThere else { throw error("a value is missing") }
        position += word.utf8CodeUnitCount
        return .literal
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private var peek: UInt8? {
        position < bytes.endIndex ? bytes[position] : nil
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
            position += 1
        }
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: scalar) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ scalar: Unicode.Scalar) throws(SyntaxError) {
        guard take(scalar) else { throw error("a \"\(scalar)\" is missing") }
    }

    private func error(_ reason: String) -> SyntaxError {
        SyntaxError(reason: reason, offset: position - bytes.startIndex)
    }
}
