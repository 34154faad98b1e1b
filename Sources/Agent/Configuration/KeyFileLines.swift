/// The lines of a key file, looked at for what GKeyFile passes over in silence.
///
/// GKeyFile merges a group that comes twice, lets the later of two equal keys win, and drops a key in another language (`domain[de]`), so that a reader of
/// the file and the agent could take different values for the one in force. Lines are told apart as it does (GLib, `g_key_file_parse_line`): blanks at both
/// ends do not count, a line is a comment, a group or a key with a value, and no line continues another.
enum KeyFileLines {
    static func check(_ text: String, path: String) throws(ConfigurationError) {
        var groups: Set<String> = []
        var group: String?
        var keys: Set<String> = []
        var number = 0
        for bytes in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            let line = trimmed(bytes)
            guard let first = line.utf8.first, first != UInt8(ascii: "#") else { continue }
            func error(_ problem: String, key: String? = nil) -> ConfigurationError {
                ConfigurationError(file: path, group: group, key: key, problem: "\(problem) (line \(number))")
            }
            if first == UInt8(ascii: "[") {
                guard line.utf8.last == UInt8(ascii: "]") else {
                    throw error("\(line.quoted) is no group: there must be nothing after its closing bracket")
                }
                let name = String(line.dropFirst().dropLast())
                group = nil
                guard !name.isEmpty,
                    !name.unicodeScalars.contains(where: { $0.isInvisible || "[]".unicodeScalars.contains($0) })
                else { throw error("\(name.quoted) cannot be the name of a group") }
                guard groups.insert(name).inserted else { throw error("the group \(name.quoted) is here twice") }
                group = name
                keys = []
            } else {
                guard let sign = line.utf8.firstIndex(of: UInt8(ascii: "=")), sign != line.startIndex else {
                    throw error("\(line.quoted) is neither a group, nor a key with its value, nor a comment")
                }
                let key = trimmed(line[..<sign].utf8)
                guard group != nil else { throw error("the key \(key.quoted) stands before any group") }
                guard !key.unicodeScalars.contains(where: { $0.isInvisible || "[]".unicodeScalars.contains($0) }) else {
                    throw error("\(key.quoted) cannot be the name of a key")
                }
                guard keys.insert(key).inserted else { throw error("is here twice", key: key) }
            }
        }
    }

    /// Without what is a blank for GLib (`g_ascii_isspace`) at either end.
    private static func trimmed(_ bytes: Substring.UTF8View) -> String {
        let blanks: [UInt8] = [0x09, 0x0A, 0x0C, 0x0D, 0x20]
        var rest = bytes
        while let byte = rest.first, blanks.contains(byte) { rest.removeFirst() }
        while let byte = rest.last, blanks.contains(byte) { rest.removeLast() }
        return String(Substring(rest))
    }
}
