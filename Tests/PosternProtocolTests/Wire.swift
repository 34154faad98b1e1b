import Foundation
import Testing

/// The JSON of a value, its members in alphabetical order.
func wire(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}

func unwire<Value: Decodable>(_ text: String, as type: Value.Type = Value.self) throws -> Value {
    try JSONDecoder().decode(type, from: Data(text.utf8))
}

/// Expects a value to have this form on the wire, and to come back from it.
func expectWire<Value: Codable & Equatable>(
    _ value: Value, _ text: String, _ location: SourceLocation = #_sourceLocation
) throws {
    #expect(try wire(value) == text, sourceLocation: location)
    #expect(try unwire(text, as: Value.self) == value, sourceLocation: location)
}
