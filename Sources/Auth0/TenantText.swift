import OutsideInput

/// Text that a tenant sent, or another program did, made safe to show: it may have come from anyone on the way.
package enum TenantText {
    /// Longer texts are cut, characters.
    static let limit = 500
    /// The same in bytes of UTF-8: one character can have any number of accents.
    static let byteLimit = 2048

    /// The text without control and format characters (escape sequences, line breaks, right-to-left overrides), cut to ``limit`` characters and
    /// ``byteLimit`` bytes.
    package static func printable(_ text: String) -> String {
        printable(text, limit: limit, byteLimit: byteLimit)
    }

    /// The same for what is longer by its nature.
    static func printable(_ text: String, limit: Int, byteLimit: Int) -> String {
        var words = String.UnicodeScalarView()
        var isBetweenWords = false
        var bytes = 0
        for scalar in text.unicodeScalars {
            guard scalar.isPrintable, scalar != " " else {
                isBetweenWords = !words.isEmpty
                continue
            }
            if isBetweenWords { words.append(" ") }
            words.append(scalar)
            bytes += UTF8.width(scalar) + (isBetweenWords ? 1 : 0)
            isBetweenWords = false
            // More would be cut anyway.
            if bytes > byteLimit { break }
        }
        let shown = String(words)
        return (shown.count > limit ? shown.prefix(limit) + "…" : shown).cut(toBytes: byteLimit)
    }
}
