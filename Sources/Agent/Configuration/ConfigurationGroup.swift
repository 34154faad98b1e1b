import Auth0
import OutsideInput

/// One group's keys from all files together, with the file each value stands in, and the checks that turn them into values.
struct ConfigurationGroup {
    struct Value {
        var text: String
        var file: String
    }

    let name: String
    /// The last file that has the group, for errors about what is missing.
    private(set) var file: String
    private(set) var values: [String: Value] = [:]

    init(name: String, file: String) {
        self.name = name
        self.file = file
    }

    /// - Throws: for a value that is more likely a slip than meant, also where a later file has another.
    mutating func add(_ entry: KeyFile.Entry, from file: String) throws(ConfigurationError) {
        if let problem = Self.problem(entry.value) {
            throw ConfigurationError(file: file, group: name, key: entry.key, problem: problem)
        }
        values[entry.key] = Value(text: entry.value, file: file)
        self.file = file
    }

    /// What comes of habits from other formats, or of copying from a web page: here quotes and comments would be part of the value.
    private static func problem(_ value: String) -> String? {
        if let scalar = value.unicodeScalars.first(where: \.isInvisible) {
            return "holds a character that cannot be seen, U+\(String(scalar.value, radix: 16, uppercase: true))"
        }
        let value = value.trimmed
        if let first = value.first, first == value.last, first == "\"" || first == "'" {
            return "must stand without quotes"
        }
        if value.hasPrefix("#") || value.hasPrefix(";") || value.contains(" #") || value.contains(" ;") {
            return "must not be followed by a comment; give the comment a line of its own"
        }
        return nil
    }

    func refuseUnknownKeys(known: [String]) throws(ConfigurationError) {
        guard let key = values.keys.filter({ !known.contains($0) }).min() else { return }
        throw error(key, "is not a key of this group\(ConfigurationError.suggestion(for: key, among: known))")
    }

    func error(_ key: String, _ problem: String) -> ConfigurationError {
        ConfigurationError(file: values[key]?.file ?? file, group: name, key: key, problem: problem)
    }

    /// The value, or nil if the key is absent. An empty value is refused: it is more likely a mistake than a wish.
    ///
    /// - Parameter limit: bytes; nil is as long as the file may be.
    func text(_ key: String, limit: Int? = nil) throws(ConfigurationError) -> String? {
        guard let text = values[key]?.text.trimmed else { return nil }
        guard !text.isEmpty else { throw error(key, "has no value") }
        if let limit, text.utf8.count > limit { throw error(key, "may have \(limit) bytes") }
        return text
    }

    func words(_ key: String) throws(ConfigurationError) -> [String]? {
        try text(key)?.split(separator: " ").map(String.init)
    }

    func integer(_ key: String, in range: ClosedRange<Int>) throws(ConfigurationError) -> Int? {
        guard let text = try text(key) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw error(
                key, "must be a whole number from \(range.lowerBound) to \(range.upperBound), not \(text.quoted)")
        }
        return number
    }

    func choice<T: RawRepresentable & CaseIterable>(_ key: String) throws(ConfigurationError) -> T?
    where T.RawValue == String {
        guard let text = try text(key) else { return nil }
        guard let choice = T(rawValue: text) else {
            let words = T.allCases.map(\.rawValue)
            let hint = ConfigurationError.suggestion(for: text, among: words)
            throw error(key, "must be one of \(words.joined(separator: ", ")), not \(text.quoted)\(hint)")
        }
        return choice
    }

    func flag(_ key: String) throws(ConfigurationError) -> Bool? {
        guard let text = try text(key) else { return nil }
        switch text {
        case "yes": return true
        case "no": return false
        default: throw error(key, "must be yes or no, not \(text.quoted)")
        }
    }

    /// Refuses a value that this version does not carry out, rather than ignore it.
    func onlyDefault(_ key: String, _ standard: String) throws(ConfigurationError) {
        guard let text = try text(key), text != standard else { return }
        throw error(key, "\(text.quoted) is not available in this version; only \"\(standard)\" is")
    }
}

extension String {
    /// In quotes, for an error.
    var quoted: String { "\"\(shown)\"" }

    /// For an error: what is long is cut, and what cannot be seen is written as its number.
    var shown: String {
        let shown = unicodeScalars.prefix(100)
        let text = shown.map { $0.isInvisible ? "\\u{\(String($0.value, radix: 16))}" : String($0) }.joined()
        return shown.endIndex == unicodeScalars.endIndex ? text : text + "…"
    }

    var trimmed: String {
        var rest = unicodeScalars[...]
        while rest.first?.properties.isWhitespace == true { rest.removeFirst() }
        while rest.last?.properties.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}

extension Unicode.Scalar {
    /// Whether a reader of the file would not see it, or take it for a plain blank: controls, format characters (directions among them), separators, fillers.
    var isInvisible: Bool {
        !isPrintable || properties.generalCategory == .spaceSeparator && self != " "
    }
}
