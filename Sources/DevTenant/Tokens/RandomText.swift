import Foundation

/// Text that nobody can guess.
enum RandomText {
    static func hex(digits: Int) -> String {
        String((0..<digits).map { _ in "0123456789abcdef".randomElement() ?? "0" })
    }

    static func digits(_ count: Int) -> String {
        String((0..<count).map { _ in "0123456789".randomElement() ?? "0" })
    }

    static func alphanumeric(_ count: Int) -> String {
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        return String((0..<count).map { _ in alphabet.randomElement() ?? "0" })
    }

    /// 24 capital letters and digits.
    static func recoveryCode() -> String {
        String((0..<24).map { _ in "ABCDEFGHJKLMNPQRSTUVWXYZ123456789".randomElement() ?? "0" })
    }

    /// URL-safe, `bytes` × 8 bits strong.
    static func token(bytes: Int = 32) -> String {
        Data((0..<bytes).map { _ in UInt8.random(in: .min ... .max) }).base64URL
    }
}

extension Data {
    /// Base64url without padding (RFC 7515, section 2).
    var base64URL: String {
        base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
