/// What a JSON text must be like before a decoder may see it.
package enum JSONShape {
    /// Arrays and objects may be nested this deep. Decoders call themselves for each level: some hundreds of levels are more than a thread's stack holds.
    package static let depthLimit = 64

    /// Whether the bytes are nested no deeper than ``depthLimit`` and can be UTF-8, as all JSON between systems is (RFC 8259, section 8.1). Decoders also
    /// read UTF-16 and UTF-32, in which no bracket could be counted here; these have a byte 0 in each of their brackets.
    package static func isAcceptable(_ bytes: some Sequence<UInt8>) -> Bool {
        var depth = 0
        var isInString = false
        var isEscaped = false
        for byte in bytes {
            switch byte {
            case 0: return false
            case _ where isEscaped: isEscaped = false
            case UInt8(ascii: "\\"): isEscaped = isInString
            case UInt8(ascii: "\""): isInString.toggle()
            case _ where isInString: break
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                guard depth <= depthLimit else { return false }
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            default: break
            }
        }
        return true
    }
}
