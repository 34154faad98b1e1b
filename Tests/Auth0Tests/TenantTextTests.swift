import Testing

@testable import Auth0

@Suite("Text of the tenant")
struct TenantTextTests {
    @Test(
        "what could write on a terminal or turn the text round is taken out",
        arguments: [
            ("plain text", "plain text"), ("a\u{1B}[2Jb", "a [2Jb"), ("a\u{07}\u{08}\u{0}b", "a b"),
            ("a\r\nb\tc", "a b c"),
            ("a\u{9B}31mb", "a 31mb"), ("\u{1B}]0;title\u{07}x", "]0;title x"), ("a\u{202E}b\u{2066}c", "a b c"),
            ("a\u{200B}b\u{FEFF}c", "a b c"), ("a\u{2028}b\u{2029}c", "a b c"), ("a\u{7F}b", "a b"),
            ("Grüße, 東京 😀", "Grüße, 東京 😀"), ("  a  ", "a"), ("", ""), ("a\u{E000}b", "a b"),
        ])
    func printable(text: String, result: String) {
        #expect(TenantText.printable(text) == result)
    }

    @Test("it is cut at 500 characters")
    func length() {
        #expect(TenantText.printable(String(repeating: "x", count: 500)).count == 500)
        let cut = TenantText.printable(String(repeating: "x", count: 1_000_000))
        #expect(cut.count == 501)
        #expect(cut.hasSuffix("…"))
    }

    @Test(
        "it is cut at 2,048 bytes, between scalars, however few characters they make",
        arguments: [
            "e" + String(repeating: "\u{301}", count: 250_000), String(repeating: "\u{301}", count: 250_000),
            String(repeating: "👩‍👩‍👧‍👦", count: 10_000), String(repeating: "\u{1F3F4}\u{E0067}\u{E007F}", count: 9999),
            String(repeating: "a\u{300}\u{301}\u{302} ", count: 400), String(repeating: "\u{10FFFF}é", count: 9999),
            String(repeating: "東", count: 683),
        ])
    func bytes(text: String) {
        let cut = TenantText.printable(text)
        #expect(cut.utf8.count <= 2048 && cut.count <= 501)
        #expect(cut.hasSuffix("…") && !cut.unicodeScalars.contains("\u{FFFD}"))
    }

    @Test("the text of a factor's picture may be longer, and is cut all the same")
    func longer() {
        let text = String(repeating: "e\u{301}\u{301}", count: 1_000_000)
        #expect(TenantText.printable(text, limit: 4000, byteLimit: 8192).utf8.count <= 8192)
    }
}
