import Foundation
import Testing

import PosternProtocol

@Suite("Strict JSON")
struct StrictJSONTests {
    private static func isValid(_ text: String) -> Bool { isValid(Array(text.utf8)) }

    private static func isValid(_ bytes: [UInt8]) -> Bool {
        (try? StrictJSON.outline(of: bytes[...])) != nil  // the error is what is asked about
    }

    @Test(
        "valid texts are accepted",
        arguments: [
            "{}", "[]", " [ ] ", "\t\r\n0\n", "-0", "-0.0e-0", "1E+2", "1e-2", "123.456", "true", "false", "null",
            #""""#, #""\u0000""#, #""\"\\\/\b\f\n\r\t""#, #""\ud83d\ude00""#, #""😀""#, "\"\u{7F}\"", #"{"":{"":[]}}"#,
            #"{"a":1,"A":2}"#, "9007199254740993", "1e308",
        ])
    func valid(text: String) {
        #expect(Self.isValid(text))
    }

    @Test(
        "everything else is refused",
        arguments: [
            "", " ", "{", "}", "[", "]", "[1,]", "[,1]", "[,]", #"{"a":1,}"#, #"{,"a":1}"#, #"{"a"}"#, #"{"a":}"#,
            #"{"a" 1}"#, "{a:1}", "{'a':1}", #"{1:1}"#, "[1 2]", "[1", "1 2", "{}{}", "{}x", "\u{FEFF}{}",
            "01", "-", "-01", "+1", "1.", ".5", "1e", "1e+", "0x10", "1_0", "NaN", "Infinity", "-Infinity", "1e400",
            "-1e400", "tru", "True", "nulll", #"""#, #""a"#, #""\""#, #""\x""#, #""\u12""#, #""\u12G4""#,
            "\"\u{01}\"", "\"a\nb\"", "\"a\tb\"", #""\ud800""#, #""\udc00""#, #""\ud800\u0041""#, #""\ud800x""#,
            #""\udc00\ud800""#, "// comment\n1", "/* */1", "[1]//", "\u{00A0}1", "\u{0}",
        ])
    func invalid(text: String) {
        #expect(!Self.isValid(text))
    }

    @Test(
        "bytes that are no UTF-8 are refused",
        arguments: [
            [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82],
        ] as [[UInt8]])
    func notUTF8(bytes: [UInt8]) {
        #expect(!Self.isValid([UInt8(ascii: "\"")] + bytes + [UInt8(ascii: "\"")]))
    }

    @Test(
        "names may not stand twice, also not by escape sequences or below the top",
        arguments: [
            #"{"id":1,"id":2}"#, #"{"id":1,"\u0069d":2}"#, #"{"\u0069\u0064":1,"i\u0064":2}"#,
            #"[{"x":{"a":1,"a":1}}]"#,
            #"{"/":1,"\/":2}"#, #"{"😀":1,"\ud83d\ude00":2}"#,
        ])
    func duplicateNames(text: String) {
        #expect(!Self.isValid(text))
    }

    @Test("64 levels are accepted and 65 are not, and 100 000 do not crash")
    func nesting() {
        func nested(_ depth: Int, _ open: String, _ inner: String, _ close: String) -> String {
            String(repeating: open, count: depth) + inner + String(repeating: close, count: depth)
        }
        #expect(Self.isValid(nested(64, "[", "", "]")))
        #expect(!Self.isValid(nested(65, "[", "", "]")))
        #expect(Self.isValid(nested(64, #"{"a":"#, "1", "}")))
        #expect(!Self.isValid(nested(65, #"{"a":"#, "1", "}")))
        #expect(!Self.isValid(nested(100_000, "[", "", "]")))
        #expect(!Self.isValid(String(repeating: "[", count: 100_000)))
    }

    @Test("numbers that no Double holds are refused, however they are written")
    func largestNumbers() {
        func nines(_ count: Int) -> String { String(repeating: "9", count: count) }
        for sign in ["", "-"] {
            let held = [
                nines(308), "0." + nines(400), nines(308) + ".5", "1e308", "0." + nines(400) + "e308", "1e-400",
            ]
            for text in held {
                #expect(Self.isValid(sign + text), "\(sign + text)")
            }
            for text in [nines(309), nines(309) + ".5", "1" + String(repeating: "0", count: 309), "1e309", "10E+308"] {
                #expect(!Self.isValid(sign + text), "\(sign + text)")
            }
        }
    }

    @Test("the outline has the outermost members, names decoded, values as they stand")
    func outline() throws {
        let text = Array(#" {"\u0069d" : 1.0 , "params":{"a":[1,2]},"e":"😀"} "#.utf8)
        guard case .object(let members) = try StrictJSON.outline(of: text[...]) else {
            Issue.record("It is no object.")
            return
        }
        #expect(members.map(\.name) == ["id", "params", "e"])
        #expect(
            members.map { String(decoding: text[$0.value], as: UTF8.self) } == ["1.0", #"{"a":[1,2]}"#, #""😀""#])
    }

    @Test("a slice is read by its own indices")
    func slice() throws {
        let text = Array("xx[1, 22]yy".utf8)
        guard case .array(let elements) = try StrictJSON.outline(of: text[2..<9]) else {
            Issue.record("It is no array.")
            return
        }
        #expect(elements.map { String(decoding: text[$0], as: UTF8.self) } == ["1", "22"])
    }

    @Test("every beginning of a text that is not the whole is refused")
    func truncated() {
        let text = Array(#"{"a":[1.5e3,"\u00e9\n",true,null,{"b":-0}],"c":"😀"}"#.utf8)
        #expect(Self.isValid(text))
        for length in 0..<text.count {
            #expect(!Self.isValid(Array(text[..<length])))
        }
    }

    @Test("random valid texts are accepted, as by Foundation")
    func random() throws {
        var generator = JSONGenerator(seed: 0x5EED)
        for _ in 1...2000 {
            let text = generator.text()
            #expect(Self.isValid(text), "\(text)")
            _ = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
        }
    }

    @Test("random damage never crashes, and what is still accepted Foundation accepts too")
    func mutations() throws {
        var generator = JSONGenerator(seed: 0xBAD5EED)
        for _ in 1...4000 {
            var bytes = Array(generator.text().utf8)
            for _ in 0...Int.random(in: 0...2, using: &generator.random) {
                let index = Int.random(in: 0...bytes.count, using: &generator.random)
                switch Int.random(in: 0...2, using: &generator.random) {
                case 0: bytes.insert(UInt8.random(in: 0...255, using: &generator.random), at: index)
                case 1 where index < bytes.count: bytes.remove(at: index)
                case 2 where index < bytes.count: bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &generator.random)
                default: break
                }
            }
            if Self.isValid(bytes) {
                _ = try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
            }
        }
    }
}

/// Makes valid JSON texts, the same ones for the same seed.
struct JSONGenerator {
    /// SplitMix64 (Steele, Lea and Flood, 2014).
    struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    var random: Random

    init(seed: UInt64) {
        random = Random(state: seed)
    }

    mutating func text(depth: Int = 0) -> String {
        space() + value(depth: depth) + space()
    }

    private mutating func value(depth: Int) -> String {
        switch Int.random(in: 0...(depth < 5 ? 6 : 4), using: &random) {
        case 0: return number()
        case 1: return string(Int.random(in: 0...8, using: &random))
        case 2: return "true"
        case 3: return "false"
        case 4: return "null"
        case 5: return "[" + list { $0.text(depth: depth + 1) } + "]"
        default:
            var count = 0
            return "{"
                + list { generator in
                    count += 1
                    // The number keeps names apart from one another.
                    let name = generator.string(3).dropLast() + "\(count)\""
                    return generator.space() + name + generator.space() + ":" + generator.text(depth: depth + 1)
                } + "}"
        }
    }

    private mutating func list(_ element: (inout JSONGenerator) -> String) -> String {
        let count = Int.random(in: 0...3, using: &random)
        return count == 0 ? space() : (1...count).map { _ in element(&self) }.joined(separator: ",")
    }

    private mutating func number() -> String {
        let sign = Bool.random(using: &random) ? "-" : ""
        let whole = String(Int.random(in: 0...9_999_999, using: &random))
        let fraction = Bool.random(using: &random) ? ".\(Int.random(in: 0...999, using: &random))" : ""
        let exponent = ["", "e5", "E+05", "e-3"].randomElement(using: &random) ?? ""
        return sign + whole + fraction + exponent
    }

    private mutating func string(_ length: Int) -> String {
        let pieces = ["a", "Z", "0", " ", "é", "😀", "\\n", "\\u00e9", "\\ud83d\\ude00", "\\\"", "\\\\", "/", "{", ","]
        return "\"" + (0..<length).map { _ in pieces.randomElement(using: &random) ?? "" }.joined() + "\""
    }

    private mutating func space() -> String {
        ["", "", "", " ", "\t", "\r\n"].randomElement(using: &random) ?? ""
    }
}
