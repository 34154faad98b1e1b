import PosternProtocol

extension Account {
    /// What the person is known by: an address they can be sent a code at, else their name, else the tenant's
    /// identifier.
    var words: String { email ?? phoneNumber ?? name ?? sub }

    /// The name with the address, such as "Ada Lovelace <ada@example.com>".
    var fullWords: String {
        guard let name, name != words else { return words }
        return "\(name) <\(words)>"
    }
}
