/// Cuts a stream of bytes into lines: the framing of the socket, without the socket. Lines are taken one by one, and what is not taken stays as it came.
struct LineSplitter {
    /// The longest line, bytes without its newline.
    static let limit = 256 * 1024

    enum Element: Equatable {
        case line([UInt8])
        /// A line longer than ``limit``; it was dropped as it came, up to its end.
        case tooLong
    }

    private var bytes: [UInt8] = []
    /// Where the bytes begin that were not taken yet.
    private var start = 0
    /// Up to here there is no newline among them.
    private var searched = 0
    private var isTooLong = false
    private var hasEnded = false
    /// The line that comes next, if it has been looked for and is there, without its newline.
    private var found: Range<Int>?

    /// Whether a line has begun and not ended. To be asked when no more can be taken.
    var hasPartialLine: Bool { isTooLong || start < bytes.count }

    /// Adds what has come.
    mutating func feed(_ more: some Collection<UInt8>) {
        if start > 0 {
            bytes.removeFirst(start)
            searched -= start
            found = found.map { $0.lowerBound - start..<$0.upperBound - start }
            start = 0
        }
        bytes.append(contentsOf: more)
    }

    /// Says that nothing more comes: end-of-file ends the last line as well as a newline does.
    mutating func finish() {
        hasEnded = true
    }

    /// How long the line is that ``next()`` will take, bytes; nil if none is complete.
    mutating func nextLength() -> Int? {
        look()
        return isTooLong && found != nil ? 0 : found?.count
    }

    /// Takes the next line. Empty lines are skipped: they separate nothing.
    mutating func next() -> Element? {
        look()
        guard let line = found else { return nil }
        found = nil
        defer { isTooLong = false }
        // The only line there is, as a rule, is handed over and not copied.
        if line.lowerBound == 0, line.upperBound + 1 >= bytes.count {
            var taken: [UInt8] = []
            swap(&taken, &bytes)
            taken.removeLast(taken.count - line.count)
            (start, searched) = (0, 0)
            return isTooLong ? .tooLong : .line(taken)
        }
        let taken = bytes[line]
        start = min(line.upperBound + 1, bytes.count)
        searched = start
        if start == bytes.count { drop() }
        return isTooLong ? .tooLong : .line(Array(taken))
    }

    /// Finds the next line, unless it was found before.
    private mutating func look() {
        while found == nil {
            let newline = bytes[searched...].withUnsafeBufferPointer { $0.firstIndex(of: UInt8(ascii: "\n")) }
            guard let end = newline.map({ searched + $0 }) ?? (hasEnded && hasPartialLine ? bytes.count : nil) else {
                searched = bytes.count
                if isTooLong || searched - start > Self.limit {
                    isTooLong = true
                    drop()
                }
                return
            }
            if end - start > Self.limit { isTooLong = true }
            if isTooLong || bytes[start..<end].contains(where: { !" \r\t".utf8.contains($0) }) {
                found = start..<end
            } else {
                start = min(end + 1, bytes.count)
                searched = start
                if start == bytes.count { drop() }
            }
        }
    }

    private mutating func drop() {
        bytes = []
        (start, searched) = (0, 0)
    }
}
