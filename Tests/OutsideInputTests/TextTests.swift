import OutsideInput
import Testing

@Suite("A text from outside")
struct TextTests {
    @Test(
        "is cut by bytes between scalars, and the ellipsis counts",
        arguments: [
            ("abcdef", 6, "abcdef"), ("abcdefg", 6, "abc…"), ("ééééé", 8, "éé…"), ("ééééé", 9, "ééé…"),
            ("😀😀😀", 8, "😀…"), ("a" + String(repeating: "\u{301}", count: 250_000), 8, "a\u{301}\u{301}…"),
        ])
    func cut(text: String, limit: Int, result: String) {
        #expect(text.cut(toBytes: limit).unicodeScalars.elementsEqual(result.unicodeScalars))
        #expect(text.cut(toBytes: limit).utf8.count <= limit)
    }

    @Test(
        "is escaped where it is not printable, and nowhere else",
        arguments: [
            ("plain, Grüße 東京 😀", "plain, Grüße 東京 😀"), ("a\nb", #"a\u{A}b"#), ("\u{1B}[2J", #"\u{1B}[2J"#),
            ("\u{9B}31m", #"\u{9B}31m"#), ("a\u{202E}b", #"a\u{202E}b"#), ("\u{2028}\u{2029}", #"\u{2028}\u{2029}"#),
            ("\u{E0041}", #"\u{E0041}"#), ("\u{0}\u{7F}", #"\u{0}\u{7F}"#), ("\u{200B}\u{FEFF}", #"\u{200B}\u{FEFF}"#),
        ])
    func escaped(text: String, result: String) {
        #expect(text.escaped == result)
    }
}

@Suite("The shape of a JSON text")
struct JSONShapeTests {
    private func nested(_ depth: Int, _ open: String, _ close: String) -> [UInt8] {
        Array((String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)).utf8)
    }

    @Test("64 levels are accepted and no more", arguments: [("[", "]"), (#"{"a":"#, "}"), (#"[{"a":"#, "}]")])
    func depth(open: String, close: String) {
        let levels = open.filter { "[{".contains($0) }.count
        #expect(JSONShape.isAcceptable(nested(64 / levels, open, close)))
        #expect(!JSONShape.isAcceptable(nested(64 / levels + 1, open, close)))
        #expect(!JSONShape.isAcceptable(nested(100_000, open, close)))
    }

    @Test("brackets in strings are none, wherever the string seems to end", arguments: [#""["#, #""\"["#, #""\\\"["#])
    func strings(start: String) {
        let brackets = String(repeating: "[", count: 100)
        #expect(JSONShape.isAcceptable(Array("[\(start)\(brackets)\"]".utf8)))
        #expect(!JSONShape.isAcceptable(Array("[\(start)\",\(brackets)]".utf8)))
        #expect(!JSONShape.isAcceptable(Array(#"["\\",\#(brackets)]"#.utf8)))
    }

    @Test("another encoding, in which brackets would hide, is refused")
    func encoding() {
        #expect(!JSONShape.isAcceptable("[1]".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }))
        #expect(!JSONShape.isAcceptable("[1]".unicodeScalars.flatMap { [0, 0, 0, UInt8($0.value)] }))
    }
}
