@testable import Assuan

/// What a pinentry answers, and the file in which gpg-agent's is named.
enum Pinentries {
    static func readLines(_ bytes: [UInt8]) {
        var whole = AssuanLines()
        whole.append(bytes)
        let lines = lines(of: &whole)
        // Byte by byte they are the same.
        var pieces = AssuanLines()
        var others: [[UInt8]]? = []
        for byte in bytes {
            pieces.append([byte])
            guard let more = Self.lines(of: &pieces) else {
                others = nil
                break
            }
            others? += more
        }
        if let lines, let others { check(lines == others, "lines do not depend on how they arrive") }
        for line in lines ?? [] {
            guard case .data(let data)? = AssuanReply(line) else { continue }
            check(data.count <= line.count, "what stands for itself or for three is never longer")
        }
        let text = String(decoding: bytes, as: UTF8.self)
        let command = AssuanLine.command("SETDESC", text)
        check(command.count <= AssuanLine.limit, "a line is never longer than it may be")
        check(command.filter { $0 < 0x20 } == [UInt8(ascii: "\n")], "nothing in a line ends it")
        let kept = AssuanLine.decoded(command.dropFirst("SETDESC ".utf8.count).dropLast())
        check(Array(text.utf8).starts(with: kept), "what is sent is what is meant, cut at the most")
    }

    /// Nil if one is too long.
    private static func lines(of source: inout AssuanLines) -> [[UInt8]]? {
        var lines: [[UInt8]] = []
        do throws(AssuanLines.TooLong) {
            while let line = try source.next() { lines.append(line) }
        } catch {
            return nil
        }
        return lines
    }

    static func readConfiguration(_ bytes: [UInt8]) {
        guard let name = PinentryProgram.named(in: String(decoding: bytes, as: UTF8.self)) else { return }
        check(!name.isEmpty && !name.contains(where: \.isNewline), "a program's name is of one line")
    }
}
