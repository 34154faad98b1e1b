import OutsideInput

/// Lines of the Assuan protocol as they are sent (its manual, "Client requests").
enum AssuanLine {
    /// Bytes that a line may have with its newline; a pinentry that is sent a longer one ends (libassuan, `ASSUAN_LINELENGTH`, less the final NUL).
    static let limit = 1000

    /// A command with its argument, which is cut at the end of a character if the line would be too long.
    static func command(_ name: String, _ argument: String = "") -> [UInt8] {
        let start = argument.isEmpty ? name : name + " "
        return Array(start.utf8) + encoded(argument, limit: limit - start.utf8.count - 1) + [UInt8(ascii: "\n")]
    }

    /// How many bytes a text takes in a line.
    static func width(of text: String) -> Int {
        text.utf8.reduce(0) { $0 + (isPlain($1) ? 1 : 3) }
    }

    /// The text percent-encoded, of which as many whole characters are kept as fit.
    static func encoded(_ text: String, limit: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for character in text {
            let next = character.utf8.flatMap { isPlain($0) ? [$0] : Array("%\(hexadecimal($0))".utf8) }
            guard bytes.count + next.count <= limit else { break }
            bytes += next
        }
        return bytes
    }

    /// The bytes that data stands for. A percent sign that no two digits follow stands for itself, as some programs send it.
    static func decoded(_ data: some Collection<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(data)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            if byte == UInt8(ascii: "%"), digits.count == 2, digits.allSatisfy(isDigit),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }

    /// Whether a byte stands for itself: neither the sign of an encoded one, nor one that ends a line or controls something.
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F && byte != UInt8(ascii: "%")
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        Character(Unicode.Scalar(byte)).isHexDigit && byte < 0x80
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return digits.utf8.count == 1 ? "0" + digits : digits
    }
}

/// A line that a program has answered (the Assuan manual, "Server responses").
enum AssuanReply: Equatable {
    case ok
    /// The error's code without its source, and the program's words.
    case error(code: Int, words: String)
    case data([UInt8])
    /// The program asks back for something.
    case inquiry
    /// A comment or status, which says nothing about the answer.
    case remark

    /// Nil if it is no line of the protocol.
    init?(_ line: [UInt8]) {
        let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 1, omittingEmptySubsequences: false)
        let rest = parts.count > 1 ? parts[1] : []
        switch String(decoding: parts[0], as: UTF8.self) {
        case "OK": self = .ok
        case "D": self = .data(AssuanLine.decoded(rest))
        case "S": self = .remark
        case "INQUIRE": self = .inquiry
        case "ERR":
            let words = rest.split(separator: UInt8(ascii: " "), maxSplits: 1)
            guard let first = words.first, let number = UInt32(String(decoding: first, as: UTF8.self)) else {
                return nil
            }
            // libgpg-error puts the source into the upper half.
            self = .error(
                code: Int(number & 0xFFFF),
                words: String(decoding: words.dropFirst().first ?? [], as: UTF8.self).cut(toBytes: 200).escaped)
        default:
            guard line.first == UInt8(ascii: "#") || line.isEmpty else { return nil }
            self = .remark
        }
    }
}
