/// What `POST /passwordless/start` is asked for (Auth0: "Using Passwordless APIs").
package struct PasswordlessStart: Sendable {
    /// What the person is sent.
    package enum Send: String, Sendable {
        case code, link
    }

    /// `email`, `sms` or a custom passwordless connection's name.
    package var connection: String
    /// An e-mail address, or a phone number in E.164 form (it starts with a plus sign).
    package var username: String
    /// Always sent: without it the tenant sends a link.
    package var send: Send
    package var authParams: [String: String]
    /// The language of the message, sent as `x-request-language`.
    package var language: String?
    /// The person's own address, for a client that calls for others.
    package var forwardedFor: String?

    package init(
        connection: String, username: String, send: Send = .code, authParams: [String: String] = [:],
        language: String? = nil, forwardedFor: String? = nil
    ) {
        self.connection = connection
        self.username = username
        self.send = send
        self.authParams = authParams
        self.language = language
        self.forwardedFor = forwardedFor
    }

    var members: [String: JSONMember] {
        // A custom connection does not say which of the two it takes; the address does.
        let member = username.hasPrefix("+") ? "phone_number" : "email"
        var members: [String: JSONMember] = [
            "connection": .string(connection), member: .string(username), "send": .string(send.rawValue),
        ]
        if !authParams.isEmpty {
            members["authParams"] = .strings(authParams)
        }
        return members
    }
}

/// A member of a request body.
enum JSONMember: Encodable {
    case string(String)
    case list([String])
    case strings([String: String])

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .string(let value): try container.encode(value)
        case .list(let value): try container.encode(value)
        case .strings(let value): try container.encode(value)
        }
    }
}

extension PasswordlessStart {
    /// What is wrong with an address, or nil. The tenant has the last word; this only spares a request for a plain mistake.
    package static func problem(with username: String, connection: String) -> String? {
        guard username.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
            return "must not hold control characters"
        }
        switch connection {
        case "sms":
            let digits = username.dropFirst()
            let isE164 =
                username.hasPrefix("+") && (1...15).contains(digits.utf8.count)
                && digits.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            return isE164 ? nil : "must be a phone number such as +4915112345678 for the connection sms"
        case "email":
            let parts = username.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
            let isAddress = parts.count == 2 && parts.allSatisfy { !$0.isEmpty && !$0.contains(UInt8(ascii: " ")) }
            return isAddress ? nil : "must be an e-mail address for the connection email"
        default:
            return nil
        }
    }
}
