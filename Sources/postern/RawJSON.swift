import PosternProtocol

/// Takes one member out of a JSON object as the sender wrote it, so that `--json` passes on what this version of the
/// command does not know.
enum RawJSON {
    /// The text of the named member's value; nil if there is no such member, or no object.
    static func member(_ name: String, of object: [UInt8]) -> String? {
        guard case .object(let members)? = try? StrictJSON.outline(of: object[...]) else { return nil }
        return members.first { $0.name == name }.map { String(decoding: object[$0.value], as: UTF8.self) }
    }
}
