/// Where a person is reached: an e-mail address or a phone number within one connection.
struct Address: Sendable, Hashable {
    let connection: String
    let strategy: Connection.Strategy
    let value: String

    /// E-mail addresses are compared in lower case; nil if the text cannot be an address of this kind.
    init?(_ text: String, in connection: Connection) {
        switch connection.strategy {
        case .email:
            guard text.wholeMatch(of: #/[^@\s]+@[^@\s]+/#) != nil else { return nil }
            value = text.lowercased()
        case .sms:
            guard text.wholeMatch(of: #/\+[0-9]{1,15}/#) != nil else { return nil }
            value = text
        case .database:
            return nil
        }
        self.connection = connection.name
        strategy = connection.strategy
    }
}
