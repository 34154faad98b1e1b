/// Takes one member out of a JSON object as the sender wrote it, so that `--json` passes on what this version of the
/// command does not know.
enum RawJSON {
    /// The text of the named member's value; nil if the object has no such member.
    ///
    /// - Parameter object: valid JSON (a parser has accepted it before), so that brackets and quotes are known to be
    ///   balanced.
    static func member(_ name: String, of object: [UInt8]) -> String? {
        var depth = 0
        var key: ArraySlice<UInt8> = []
        var start: Int?
        var index = 0
        while index < object.count {
            switch object[index] {
            case UInt8(ascii: "\""):
                let end = endOfString(in: object, from: index)
                if start == nil { key = object[index + 1..<end] }
                index = end
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
            case UInt8(ascii: ":") where depth == 1:
                start = index + 1
            case UInt8(ascii: ",") where depth == 1, UInt8(ascii: "}") where depth == 1:
                if let valueStart = start, key.elementsEqual(name.utf8) {
                    return trimmed(object[valueStart..<index])
                }
                start = nil
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
            default:
                break
            }
            index += 1
        }
        return nil
    }

    /// The index of the quote that ends the string whose opening quote is at `start`.
    private static func endOfString(in text: [UInt8], from start: Int) -> Int {
        var index = start + 1
        while index < text.count, text[index] != UInt8(ascii: "\"") {
            index += text[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(index, text.count)
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> String {
        let space = UInt8(ascii: " ")
        let value = text.drop { $0 <= space }
        return String(
            decoding: value.prefix(through: value.lastIndex { $0 > space } ?? value.startIndex), as: UTF8.self)
    }
}
