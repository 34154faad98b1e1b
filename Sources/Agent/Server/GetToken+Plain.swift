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
            switch CodingKeys(rawValue: member.name) {
            case .profile: profile = Self.string(value)
            case .audience: audience = Self.string(value)
            case .scope: scope = Self.string(value)
            case .rejected: rejected = Self.string(value)
            case .minTTL: minTTL = Self.integer(value)
            case .wait: wait = Self.integer(value)
            case .force: force = Self.boolean(value)
            case .joinLogin: joinLogin = Self.boolean(value)
            case nil: return nil
            }
        }
        // A value of another type was left out.
        guard numberOfValues == members.count else { return nil }
    }

    private var numberOfValues: Int {
        let values: [Any?] = [profile, audience, scope, rejected, minTTL, wait, force, joinLogin]
        return values.count { $0 != nil }
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
        let strings = [accessToken, audience ?? "", from.rawValue, profile, scope, tokenType]
        guard strings.allSatisfy({ $0.utf8.allSatisfy(Self.isPlain) }) else { return nil }
        var text = "{\"access_token\":\"\(accessToken)\""
        if let audience { text += ",\"audience\":\"\(audience)\"" }
        text += ",\"expires_at\":\(expiresAt),\"expires_in\":\(expiresIn),\"from\":\"\(from.rawValue)\""
        text += ",\"profile\":\"\(profile)\",\"scope\":\"\(scope)\",\"token_type\":\"\(tokenType)\"}"
        return Array(text.utf8)
    }

    /// Whether the byte stands for itself in a JSON string, whatever stands around it.
    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20...0x7E).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }
}
