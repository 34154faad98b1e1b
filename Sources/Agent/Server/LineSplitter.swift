/// Cuts a stream of bytes into lines: the framing of the socket, without the socket.
struct LineSplitter {
    /// The longest line, bytes without its newline.
    static let limit = 256 * 1024

    enum Element: Equatable {
        case line([UInt8])
        /// A line longer than ``limit``. Nothing after it is looked at.
        case tooLong
    }

    private var partial: [UInt8] = []
    private var isBroken = false

    /// Whether a line has begun and not ended.
    var hasPartialLine: Bool { !partial.isEmpty }

    /// The lines that these bytes complete, in order. Empty lines are skipped: they separate nothing.
    mutating func feed(_ bytes: some Collection<UInt8>) -> [Element] {
        var elements: [Element] = []
        var rest = bytes[...]
        while !isBroken, let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
            append(rest[..<newline], to: &elements)
            endLine(in: &elements)
            rest = rest[rest.index(after: newline)...]
        }
        append(rest, to: &elements)
        return elements
    }

    /// The last line, which end-of-file ends as well as a newline does.
    mutating func finish() -> [Element] {
        var elements: [Element] = []
        endLine(in: &elements)
        return elements
    }

    private mutating func append(_ bytes: some Collection<UInt8>, to elements: inout [Element]) {
        guard !isBroken else { return }
        guard partial.count + bytes.count <= Self.limit else {
            isBroken = true
            partial = []
            elements.append(.tooLong)
            return
        }
        partial.append(contentsOf: bytes)
    }

    private mutating func endLine(in elements: inout [Element]) {
        guard !isBroken else { return }
        if partial.contains(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\t") })
        {
            elements.append(.line(partial))
        }
        partial = []
    }
}
