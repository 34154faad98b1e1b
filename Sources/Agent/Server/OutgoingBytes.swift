import Glibc

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

    /// Sends as much as a socket takes.
    ///
    /// - Returns: false if it will never take any more.
    mutating func send(to socket: CInt) -> Bool {
        var done = 0
        defer { pieces.removeFirst(done) }
        while done < pieces.count {
            let taken = pieces[done].withUnsafeBytes { piece in
                Glibc.send(socket, piece.baseAddress?.advanced(by: sent), piece.count - sent, CInt(MSG_NOSIGNAL))
            }
            guard taken >= 0 else {
                if errno == EINTR { continue }
                return errno == EAGAIN
            }
            count -= taken
            sent += taken
            if sent == pieces[done].count {
                // With it goes the memory that it needed.
                pieces[done] = []
                sent = 0
                done += 1
            }
        }
        return true
    }
}
