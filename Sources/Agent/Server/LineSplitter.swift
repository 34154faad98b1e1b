/// Cuts a stream of bytes into lines: the framing of the socket, without the socket.
struct LineSplitter {
    /// The longest line, bytes without its newline.
    static let limit = 256 * 1024

    enum Element: Equatable {
        case line([UInt8])
        /// A line longer than ``limit``; it was dropped as it came, up to its end.
        case tooLong
    }

    private var partial: [UInt8] = []
    private var isTooLong = false

    /// Whether a line has begun and not ended.
    var hasPartialLine: Bool { isTooLong || !partial.isEmpty }

    /// The lines that these bytes complete, in order. Empty lines are skipped: they separate nothing.
    mutating func feed(_ bytes: some Collection<UInt8>) -> [Element] {
        var elements: [Element] = []
        var rest = bytes[...]
        while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
            append(rest[..<newline])
            endLine(in: &elements)
            rest = rest[rest.index(after: newline)...]
        }
        append(rest)
        return elements
    }

    /// The last line, which end-of-file ends as well as a newline does.
    mutating func finish() -> [Element] {
        var elements: [Element] = []
        endLine(in: &elements)
        return elements
    }

    private mutating func append(_ bytes: some Collection<UInt8>) {
        guard !isTooLong, partial.count + bytes.count <= Self.limit else {
            isTooLong = true
            partial = []
            return
        }
        partial.append(contentsOf: bytes)
    }

    private mutating func endLine(in elements: inout [Element]) {
        if isTooLong {
            elements.append(.tooLong)
        } else if partial.contains(where: { !" \r\t".utf8.contains($0) }) {
            elements.append(.line(partial))
        }
        partial = []
        isTooLong = false
    }
}
