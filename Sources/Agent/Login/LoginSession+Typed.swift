import Auth0
import PosternProtocol

// What a person types or pastes, read once: what cannot be a code is never sent, so that it uses up no try.

extension LoginSession {
    /// The digits of a one-time code: of the tenants' longest and shortest, and some to spare.
    private static let codeLengths = 4...12
    /// Auth0's recovery codes have 24 characters.
    private static let recoveryCodeLengths = 1...64

    /// The code in what was typed for one; nil if there is none, or more than one.
    ///
    /// Blanks, hyphens, quotes and format characters group digits or are copied along with them. Other text may stand round one run of digits, as
    /// in "Your code is 123 456.".
    static func oneTimeCode(in typed: String) -> String? {
        let cleaned = cleaned(typed)
        if cleaned.utf8.allSatisfy(isDigit) { return codeLengths.contains(cleaned.utf8.count) ? cleaned : nil }
        let runs = cleaned.utf8.split { !isDigit($0) }.filter { codeLengths.contains($0.count) }
        return runs.count == 1 ? String(decoding: runs[0], as: UTF8.self) : nil
    }

    /// A recovery code without what groups its letters and digits; nil if anything else is in it.
    static func recoveryCode(in typed: String) -> String? {
        let cleaned = cleaned(typed)
        let isCode = cleaned.utf8.allSatisfy { byte in
            isDigit(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte & ~0x20)
        }
        return isCode && recoveryCodeLengths.contains(cleaned.utf8.count) ? cleaned : nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// Without blanks, hyphens, quotes and format characters, and with plain digits and letters in the place of wide ones.
    private static func cleaned(_ typed: String) -> String {
        var cleaned = ""
        for scalar in typed.unicodeScalars {
            let properties = scalar.properties
            let isDropped =
                properties.isWhitespace || properties.isDash || properties.isQuotationMark
                || properties.generalCategory == .format || scalar == "`" || scalar == "´"
            if isDropped { continue }
            if properties.generalCategory == .decimalNumber, let digit = Character(scalar).wholeNumberValue {
                cleaned += String(digit)
            } else if (0xFF01...0xFF5E).contains(scalar.value), let plain = Unicode.Scalar(scalar.value - 0xFEE0) {
                // The wide forms stand in the order of ASCII (the Unicode Standard, block "Halfwidth and Fullwidth Forms").
                cleaned.unicodeScalars.append(plain)
            } else {
                cleaned.unicodeScalars.append(scalar)
            }
        }
        return cleaned
    }

    func oneTimeCode(_ typed: String) throws(AgentError) -> Secret {
        guard let code = Self.oneTimeCode(in: typed) else {
            throw noCode(
                "That is no code: a code is \(Self.codeLengths.lowerBound) to \(Self.codeLengths.upperBound) digits.")
        }
        return Secret(code)
    }

    func recoveryCode(_ typed: String) throws(AgentError) -> Secret {
        guard let code = Self.recoveryCode(in: typed) else {
            throw noCode("That is no recovery code: one is letters and digits.")
        }
        return Secret(code)
    }

    private func noCode(_ message: String) -> AgentError {
        AgentError(.wrongCode, message) { data in
            data.profile = profile.name
            data.hint = "Nothing was sent, so no try is used up."
        }
    }
}
