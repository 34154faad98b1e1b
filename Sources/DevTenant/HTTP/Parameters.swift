import Foundation

/// The parameters of one request: the members of a JSON body, the fields of a form, or a query.
struct Parameters: Sendable {
    private(set) var values: [String: JSON] = [:]

    init() {}

    /// A JSON `null` counts as absent: SDKs send it for arguments that were not given.
    init?(json: String) {
        guard let object = JSON(text: json)?.object else { return nil }
        values = object.filter { $0.value != .null }
    }

    /// `application/x-www-form-urlencoded`; a name given twice is refused (RFC 6749, section 3.2).
    init?(form: String) {
        for field in form.split(separator: "&") {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(parts[0]), let value = Self.decoded(parts.count > 1 ? parts[1] : "") else {
                return nil
            }
            guard values.updateValue(.string(value), forKey: name) == nil else { return nil }
        }
    }

    var names: Set<String> { Set(values.keys) }

    /// The value if it is a string with something in it: Auth0 treats an empty parameter as one not given.
    subscript(name: String) -> String? {
        guard let value = values[name]?.string, !value.isEmpty else { return nil }
        return value
    }

    subscript(name: String, default value: String) -> String { self[name] ?? value }

    private static func decoded(_ text: Substring) -> String? {
        text.replacing("+", with: " ").removingPercentEncoding
    }
}
