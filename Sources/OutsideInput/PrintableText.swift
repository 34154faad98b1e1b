extension Unicode.Scalar {
    /// Whether a terminal, a log or a browser shows it as a character. The others move a cursor, begin an escape sequence or a line, turn the writing
    /// direction round (Trojan Source, CVE-2021-42574), or look like nothing at all.
    package var isPrintable: Bool {
        // Unicode's tables take a hundred times as long, and nearly all text is ASCII.
        if isASCII { return (0x20..<0x7F).contains(value) }
        return switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        // Fillers and selectors of variants: letters and marks by their category.
        default: !properties.isDefaultIgnorableCodePoint
        }
    }
}

extension Sequence<UInt8> {
    /// Two lower-case hexadecimal digits for each byte.
    package var hexadecimal: String {
        reduce(into: "") { text, byte in
            let digits = String(byte, radix: 16)
            text += digits.utf8.count == 1 ? "0" + digits : digits
        }
    }
}

extension String {
    /// Whether both are the same bytes. `==` takes texts for one that Unicode calls equivalent, and so may take one person, or one key, for another.
    package func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }

    /// The text up to this many bytes of UTF-8. No scalar is cut in two, and what is cut ends in an ellipsis, whose three bytes count.
    package func cut(toBytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var kept = String.UnicodeScalarView()
        var left = limit - 3
        for scalar in unicodeScalars {
            left -= UTF8.width(scalar)
            guard left >= 0 else { break }
            kept.append(scalar)
        }
        return String(kept) + "…"
    }

    /// The text with what is not printable written as Swift writes it, such as `\u{1B}`, so that it is one harmless line and nothing is lost.
    package var escaped: String {
        guard !unicodeScalars.allSatisfy(\.isPrintable) else { return self }
        return unicodeScalars.reduce(into: "") { text, scalar in
            if scalar.isPrintable {
                text.unicodeScalars.append(scalar)
            } else {
                text += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            }
        }
    }
}
