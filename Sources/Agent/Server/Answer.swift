/// The bytes of an answer. A long piece is not copied, because many answers may share it: that of a thousand profiles has hundreds of kilobytes.
struct Answer: Sendable {
    /// From so many bytes on a piece stays what it is.
    static let longPiece = 16 * 1024

    private(set) var pieces: [[UInt8]]

    /// Bytes of all pieces.
    var count: Int { pieces.reduce(0) { $0 + $1.count } }

    init(_ line: [UInt8]) {
        pieces = [line]
    }

    /// What stands around a value, and the value.
    init(_ head: consuming [UInt8], _ value: [UInt8], _ tail: StaticString) {
        pieces = [head]
        append(value)
        append(tail)
    }

    /// - Parameter batch: answers to requests that came together; not empty.
    init(batch: [Answer]) {
        pieces = [[]]
        var separator: StaticString = "["
        for answer in batch {
            append(separator)
            for piece in answer.pieces { append(piece) }
            separator = ","
        }
        append("]")
    }

    mutating func append(_ text: StaticString) {
        if (pieces.last?.count ?? 0) >= Self.longPiece { pieces.append([]) }
        text.withUTF8Buffer { pieces[pieces.count - 1].append(contentsOf: $0) }
    }

    private mutating func append(_ piece: [UInt8]) {
        if piece.count >= Self.longPiece || (pieces.last?.count ?? 0) >= Self.longPiece {
            pieces.append(piece)
        } else {
            pieces[pieces.count - 1] += piece
        }
    }
}
