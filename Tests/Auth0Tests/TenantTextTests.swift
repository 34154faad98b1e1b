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
}
