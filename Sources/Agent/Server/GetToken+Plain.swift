import FoundationEssentials
import PosternProtocol

// `token.get` is asked over and over by scripts, and Foundation's coders took two thirds of the time of a cached answer. Its plain forms are read and
// written here without them; all others go the usual way. PlainTokenTests prove that both come to the same.

extension GetToken {
    /// Reads params that hold nothing but known names, strings without escape sequences, whole numbers, true and false; nil for all others, right or wrong.
    init?(plain params: ArraySlice<UInt8>) {
        guard case .object(let members)? = try? StrictJSON.outline(of: params) else { return nil }
        self.init()
        for member in members {
            let value = params[member.value]
            let isPlain =
                switch CodingKeys(rawValue: member.name) {
                case .profile: Self.set(&profile, Self.string(value))
                case .audience: Self.set(&audience, Self.string(value))
                case .scope: Self.set(&scope, Self.string(value))
                case .rejected: Self.set(&rejected, Self.string(value))
                case .minTTL: Self.set(&minTTL, Self.integer(value))
                case .wait: Self.set(&wait, Self.integer(value))
                case .force: Self.set(&force, Self.boolean(value))
                case .joinLogin: Self.set(&joinLogin, Self.boolean(value))
                case nil: false
                }
            guard isPlain else { return nil }
        }
    }

    /// - Returns: whether there was a value.
    private static func set<Value>(_ parameter: inout Value?, _ value: Value?) -> Bool {
        parameter = value
        return value != nil
    }

    private static func string(_ value: ArraySlice<UInt8>) -> String? {
        guard value.first == UInt8(ascii: "\""), !value.contains(UInt8(ascii: "\\")) else { return nil }
        return String(decoding: value.dropFirst().dropLast(), as: UTF8.self)
    }

    private static func integer(_ value: ArraySlice<UInt8>) -> Int? {
        Int(String(decoding: value, as: UTF8.self))
    }

    private static func boolean(_ value: ArraySlice<UInt8>) -> Bool? {
        Bool(String(decoding: value, as: UTF8.self))
    }
}

extension GetToken.Response {
    /// The response as JSON, if no string in it needs an escape sequence.
    var plainJSON: [UInt8]? {
        var object = PlainObject(capacity: accessToken.utf8.count + 512)
        object.add("access_token", accessToken)
        if let audience { object.add("audience", audience) }
        object.add("expires_at", expiresAt)
        object.add("expires_in", expiresIn)
        object.add("from", from.rawValue)
        object.add("profile", profile)
        object.add("scope", scope)
        object.add("token_type", tokenType)
        return object.finish()
    }
}

/// A JSON object as it is written.
private struct PlainObject {
    private var bytes: [UInt8] = []
    private var isPlain = true

    init(capacity: Int) {
        bytes.reserveCapacity(capacity)
        bytes.append(UInt8(ascii: "{"))
    }

    /// The whole text; nil if a string would have needed an escape sequence.
    consuming func finish() -> [UInt8]? {
        bytes.append(UInt8(ascii: "}"))
        return isPlain ? bytes : nil
    }

    mutating func add(_ name: String, _ value: Int) {
        addName(name)
        bytes += String(value).utf8
    }

    mutating func add(_ name: String, _ value: String) {
        addName(name)
        bytes.append(UInt8(ascii: "\""))
        let start = bytes.count
        bytes += value.utf8
        isPlain = isPlain && bytes[start...].withUnsafeBufferPointer { $0.allSatisfy(Self.isPlain) }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func addName(_ name: String) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        bytes.append(UInt8(ascii: "\""))
        bytes += name.utf8
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }

    /// Whether the byte stands for itself in a JSON string, whatever stands around it.
    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20...0x7E).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }
}
