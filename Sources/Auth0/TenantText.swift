/// Text that a tenant sent, made safe to show: it may have come from anyone on the way.
package enum TenantText {
    /// Longer texts are cut.
    static let limit = 500

    /// The text without control and format characters (escape sequences, line breaks, right-to-left overrides), cut to ``limit`` characters.
    package static func printable(_ text: String) -> String {
        printable(text, limit: limit)
    }

    /// The same for what is longer by its nature.
    static func printable(_ text: String, limit: Int) -> String {
        let visible = text.unicodeScalars.map { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                " " as Character
            default: Character(scalar)
            }
        }
        let words = String(visible).split(separator: " ").joined(separator: " ")
        return words.count > limit ? words.prefix(limit) + "…" : words
    }
}
