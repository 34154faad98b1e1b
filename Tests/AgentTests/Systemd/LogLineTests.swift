import Foundation
import Glibc
import Logging
import TestSupport
import Testing

@testable import Agent

@Suite("A log line")
struct LogLineTests {
    @Test(
        "stays one line that moves no cursor, whoever wrote what it says",
        arguments: [
            ("a\nb", #"a\u{A}b"#), ("a\r\n<0>kernel: b", #"a\u{D}\u{A}<0>kernel: b"#),
            ("\u{1B}]0;t\u{7}", #"\u{1B}]0;t\u{7}"#),
            ("\u{9B}31m\u{85}", #"\u{9B}31m\u{85}"#), ("\u{202E}\u{2066}", #"\u{202E}\u{2066}"#),
            ("\u{2028}", #"\u{2028}"#),
            ("\u{0}", #"\u{0}"#), ("Grüße", "Grüße"),
        ])
    func escaped(text: String, shown: String) {
        #expect(StandardErrorLogHandler.text(text, [:]) == shown)
        #expect(StandardErrorLogHandler.text("m", ["profile": "\(text)"]) == "m profile=\(shown)")
        #expect(StandardErrorLogHandler.text("m", ["a": .array(["\(text)"])]).isPlain)
        #expect(StandardErrorLogHandler.text("m", [text: "v"]).isPlain)
    }

    @Test(
        "is shorter than 4,096 bytes with all that it has, and its fields are not lost for a long message",
        arguments: ["x", "\n", "\u{1B}", "é", "e\u{301}", "\u{E0041}", "😀"])
    func length(unit: String) {
        let long = String(repeating: unit, count: 1_000_000)
        let line = StandardErrorLogHandler.text(long, ["profile": "work", "z": "\(long)"])
        #expect(line.utf8.count <= 4000)
        #expect(line.contains("… profile=work z="))
    }
}

extension String {
    /// Whether nothing in it acts on a terminal; a list of its own, not the program's.
    fileprivate var isPlain: Bool {
        !unicodeScalars.contains {
            $0.value < 0x20 || (0x7F...0x9F).contains($0.value) || (0x2028...0x202E).contains($0.value)
        }
    }
}
