import CSystemd

extension BusConnection {
    /// What a method is called with.
    indirect enum Argument {
        case string(String)
        case uint32(UInt32)
        case int32(Int32)
        case byte(UInt8)
        case strings([String])
        case objectPaths([String])
        /// An `a{sv}`: each value is of a basic type.
        case properties([(name: String, value: Argument)])

        func append(to message: OpaquePointer?) throws(CallError) {
            switch self {
            case .string(let value): try check(sd_bus_message_append_basic(message, BusType.string, value))
            case .uint32(var value): try check(sd_bus_message_append_basic(message, BusType.uint32, &value))
            case .int32(var value): try check(sd_bus_message_append_basic(message, BusType.int32, &value))
            case .byte(var value): try check(sd_bus_message_append_basic(message, BusType.byte, &value))
            case .strings(let values): try Self.append(values, of: BusType.string, "s", to: message)
            case .objectPaths(let values): try Self.append(values, of: BusType.objectPath, "o", to: message)
            case .properties(let properties):
                try check(sd_bus_message_open_container(message, BusType.array, "{sv}"))
                for property in properties {
                    try check(sd_bus_message_open_container(message, BusType.dictionaryEntry, "sv"))
                    try Argument.string(property.name).append(to: message)
                    try check(sd_bus_message_open_container(message, BusType.variant, property.value.signature))
                    try property.value.append(to: message)
                    try check(sd_bus_message_close_container(message))
                    try check(sd_bus_message_close_container(message))
                }
                try check(sd_bus_message_close_container(message))
            }
        }

        private static func append(
            _ values: [String], of type: CChar, _ signature: String, to message: OpaquePointer?
        ) throws(CallError) {
            try check(sd_bus_message_open_container(message, BusType.array, signature))
            for value in values { try check(sd_bus_message_append_basic(message, type, value)) }
            try check(sd_bus_message_close_container(message))
        }

        private var signature: String {
            switch self {
            case .string: "s"
            case .uint32: "u"
            case .int32: "i"
            case .byte: "y"
            case .strings: "as"
            case .objectPaths: "ao"
            case .properties: "a{sv}"
            }
        }
    }
}

private func check(_ result: Int32) throws(BusConnection.CallError) {
    try BusConnection.check(result)
}

/// D-Bus type codes (D-Bus specification, "Summary of types").
enum BusType {
    static let byte = CChar(UInt8(ascii: "y"))
    static let string = CChar(UInt8(ascii: "s"))
    static let objectPath = CChar(UInt8(ascii: "o"))
    static let int32 = CChar(UInt8(ascii: "i"))
    static let uint32 = CChar(UInt8(ascii: "u"))
    static let boolean = CChar(UInt8(ascii: "b"))
    static let array = CChar(UInt8(ascii: "a"))
    static let dictionaryEntry = CChar(UInt8(ascii: "e"))
    static let fileDescriptor = CChar(UInt8(ascii: "h"))
    static let variant = CChar(UInt8(ascii: "v"))
    static let structure = CChar(UInt8(ascii: "r"))
}
