import FoundationEssentials
import OutsideInput

/// JSON of the tenant, or of whoever answered in its place. Every answer and every part of a token is decoded here and nowhere else.
enum TenantJSON {
    /// - Throws: what the decoder throws, or ``TooDeep``.
    static func decode<Value: Decodable>(_ type: Value.Type, from json: [UInt8]) throws -> Value {
        guard JSONShape.isAcceptable(json) else { throw TooDeep() }
        return try JSONDecoder().decode(type, from: Data(json))
    }

    /// It is nested too deeply to be decoded, or is no UTF-8.
    struct TooDeep: Error {}
}
