import Testing

@testable import Assuan

@Suite("Assuan lines")
struct LineTests {
    @Test(
        "every byte is encoded or stands for itself, and comes back as it was", arguments: 0...127 as ClosedRange<UInt8>
    )
    func bytes(byte: UInt8) {
        let text = String(Unicode.Scalar(byte))
        let encoded = AssuanLine.encoded(text, limit: 100)
        let isPlain = byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "%")
        #expect(encoded.count == (isPlain ? 1 : 3))
        #expect(encoded.allSatisfy { $0 >= 0x20 && $0 < 0x7F })
        #expect(AssuanLine.decoded(encoded) == [byte])
        #expect(AssuanLine.width(of: text) == encoded.count)
    }

    @Test(
        "a percent sign is data where no digits follow it",
        arguments: [("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("%%41", "%A"), ("%25", "%"), ("a%0Ab", "a\nb")])
    func decoding(data: String, text: String) {
        #expect(AssuanLine.decoded(Array(data.utf8)) == Array(text.utf8))
    }

    @Test(
        "a text that is too long is cut between characters, with the whole line within 1000 bytes",
        arguments: ["a", "ä", "%", "\n", "👩‍👩‍👧", "e\u{301}"])
    func cut(character: String) {
        for length in [0, 1, 300, 327, 328, 495, 990, 991, 992, 993, 5000] {
            let text = String(repeating: character, count: length)
            let line = AssuanLine.command("SETDESC", text)
            #expect(line.count <= 1000 && line.last == UInt8(ascii: "\n"))
            let kept = String(validating: AssuanLine.decoded(line.dropFirst(8).dropLast()), as: UTF8.self)
            #expect(kept.map { text.hasPrefix($0) } == true)
            let width = AssuanLine.width(of: character)
            #expect(line.count == 1000 || line.count + width > 1000 || kept == text)
        }
    }

    @Test("a reply is read by its first word")
    func replies() {
        func read(_ line: String) -> AssuanReply? { AssuanReply(Array(line.utf8)) }
        #expect(read("OK") == .ok && read("OK closing") == .ok)
        #expect(read("D a%25b ") == .data(Array("a%b ".utf8)) && read("D") == .data([]))
        #expect(read("S BUTTON_INFO close") == .remark && read("# x") == .remark && read("") == .remark)
        #expect(read("INQUIRE QUALITY x") == .inquiry)
        #expect(
            read("ERR 83886179 Operation cancelled <Pinentry>")
                == .error(code: 99, words: "Operation cancelled <Pinentry>"))
        #expect(read("ERR 62") == .error(code: 62, words: ""))
        #expect(read("ERR 5 a\u{1B}[2J") == .error(code: 5, words: "a\\u{1B}[2J"))
        for line in ["OKAY", "ok", "ERR", "ERR x", "ERR -1 x", "ERR 99999999999999999999", "Hello", "\u{0}", " OK"] {
            #expect(read(line) == nil)
        }
    }

    @Test("gpg-agent's configuration names the program, the last line if there are several")
    func configuration() {
        #expect(
            PinentryProgram.named(
                in: "# pinentry-program /a\n\n  pinentry-program /b \npinentry-program\t\"/c d\"\r\nno-grab\n")
                == "/c d")
        #expect(PinentryProgram.named(in: "pinentry-programs /a\npinentry-program\n") == nil)
    }
}
