/// The lines that a program writes, in whatever pieces they arrive.
struct AssuanLines {
    /// Some programs write longer lines than they may; none writes one as long as this.
    static let limit = 16 * 1024

    private var buffer: [UInt8] = []

    /// A line is longer than any program's.
    struct TooLong: Error {}

    mutating func append(_ bytes: some Sequence<UInt8>) {
        buffer += bytes
    }

    /// The next whole line without its end, which some programs write as CR LF; nil if it has not arrived yet.
    mutating func next() throws(TooLong) -> [UInt8]? {
        guard let end = buffer.firstIndex(of: UInt8(ascii: "\n")) else {
            guard buffer.count <= Self.limit else { throw TooLong() }
            return nil
        }
        defer { buffer.removeSubrange(...end) }
        guard end <= Self.limit else { throw TooLong() }
        let line = buffer[..<end]
        return Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
    }
}
