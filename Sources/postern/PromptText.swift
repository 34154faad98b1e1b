import OutsideInput

/// Texts for a pinentry's windows.
enum PromptText {
    /// The text as one line in which no window finds markup: labels guess whether a text is HTML, and texts of a tenant are among these.
    static func plain(_ text: String) -> String {
        String(
            Terminal.clean(text).map { character in
                switch character {
                case "<": "("
                case ">": ")"
                case "&": "+"
                default: character
                }
            })
    }

    /// A key, a code or an address of which every character matters, as it is where that is harmless; what could be markup is percent-encoded, which in an
    /// address means the same (RFC 3986, section 2.1), and stands in no key or code.
    static func exact(_ text: String) -> String {
        Terminal.clean(text).replacing("<", with: "%3C").replacing(">", with: "%3E").replacing("&lt;", with: "&lt%3B")
    }

    /// Divides lines among dialogs such that each has all of its lines in whole, after the heading that all of them have.
    ///
    /// - Parameters:
    ///   - limit: what a dialog holds.
    ///   - width: how much of it a text takes.
    static func pages(_ lines: [String], heading: String, limit: Int, width: (String) -> Int) -> [String] {
        var pages: [String] = []
        var page = heading
        for line in lines.flatMap({ pieces($0, limit: limit - width(heading + "\n\n"), width: width) }) {
            let separator = page == heading ? "\n\n" : "\n"
            if page == heading || width(page + separator + line) <= limit {
                page += separator + line
            } else {
                pages.append(page)
                page = heading + "\n\n" + line
            }
        }
        return pages + [page]
    }

    /// A line that no dialog holds, in pieces that one does.
    private static func pieces(_ line: String, limit: Int, width: (String) -> Int) -> [String] {
        guard width(line) > limit else { return [line] }
        var pieces: [String] = []
        var piece = ""
        for character in line {
            if !piece.isEmpty, width(piece + String(character)) > limit {
                pieces.append(piece)
                piece = ""
            }
            piece.append(character)
        }
        return pieces + [piece]
    }
}
