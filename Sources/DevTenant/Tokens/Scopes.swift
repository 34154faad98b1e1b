/// Scope strings and the scopes that belong to OpenID Connect rather than to an API.
enum Scopes {
    static let openID: Set<String> = ["openid", "profile", "email", "phone", "address", "offline_access"]

    /// The scopes of a space-separated list, each once, in order.
    static func list(_ text: String?) -> [String] {
        var seen: Set<String> = []
        return (text ?? "").split(separator: " ").map(String.init).filter { seen.insert($0).inserted }
    }
}
