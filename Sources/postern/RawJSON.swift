import OutsideInput
import PosternProtocol

/// Takes one member out of a JSON object as the sender wrote it, so that `--json` passes on what this version of the
/// command does not know.
enum RawJSON {
    /// The same JSON, in which nothing moves a terminal's cursor or turns its writing round: such characters of strings are escaped (RFC 8259, section 7),
    /// and white space between values is a space.
    static func shown(_ json: String) -> String {
        guard !json.unicodeScalars.allSatisfy(\.isPrintable) else { return json }
        return json.unicodeScalars.reduce(into: "") { text, scalar in
            if scalar.isPrintable {
                text.unicodeScalars.append(scalar)
            } else if scalar.value < 0x20 {
                // No string has one unescaped.
                text += " "
            } else {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
                }
            }
        }
    }

    /// The text of the named member's value; nil if there is no such member, or no object.
    static func member(_ name: String, of object: [UInt8]) -> String? {
        guard case .object(let members)? = try? StrictJSON.outline(of: object[...]) else { return nil }
        return members.first { $0.name == name }.map { String(decoding: object[$0.value], as: UTF8.self) }
    }
}
