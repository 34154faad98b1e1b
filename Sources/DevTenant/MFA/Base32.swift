import Foundation

/// Base32 without padding (RFC 4648, section 6), the alphabet of TOTP secrets.
enum Base32 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")

    static func encode(_ data: some Sequence<UInt8>) -> String {
        var text = ""
        var bits = 0
        var count = 0
        for byte in data {
            bits = bits << 8 | Int(byte)
            count += 8
            while count >= 5 {
                count -= 5
                text.append(alphabet[bits >> count & 31])
            }
            bits &= 1 << count - 1
        }
        if count > 0 { text.append(alphabet[bits << (5 - count) & 31]) }
        return text
    }

    /// Nil if the text has other letters than the alphabet's; bits that fill no byte are dropped.
    static func decode(_ text: String) -> Data? {
        var data = Data()
        var bits = 0
        var count = 0
        for letter in text {
            guard let value = alphabet.firstIndex(of: letter) else { return nil }
            bits = bits << 5 | value
            count += 5
            if count >= 8 {
                count -= 8
                data.append(UInt8(bits >> count & 255))
            }
            bits &= 1 << count - 1
        }
        return data
    }
}
