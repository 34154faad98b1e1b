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

/// Bytes on their way out: what a socket has not taken yet.
struct OutgoingBytes {
    private var pieces: [[UInt8]] = []
    /// Of the first piece so many are gone.
    private var sent = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ answer: consuming Answer) {
        count += answer.count
        for piece in answer.pieces {
            if piece.count >= Answer.longPiece || (pieces.last?.count ?? Answer.longPiece) >= Answer.longPiece {
                pieces.append(piece)
            } else {
                pieces[pieces.count - 1] += piece
            }
        }
    }

    /// Has as much sent as goes.
    ///
    /// - Parameter send: returns how many bytes were taken; nil if no more are taken now.
    mutating func send(_ send: (UnsafeRawBufferPointer) -> Int?) {
        var done = 0
        defer { pieces.removeFirst(done) }
        while done < pieces.count {
            let taken = pieces[done].withUnsafeBytes { send(UnsafeRawBufferPointer(rebasing: $0[sent...])) }
            guard let taken else { return }
            count -= taken
            sent += taken
            if sent == pieces[done].count {
                // With it goes the memory that it needed.
                pieces[done] = []
                sent = 0
                done += 1
            }
        }
    }
}
