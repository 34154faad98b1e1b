import Foundation
import HTTPTypes

/// `POST /passwordless/start`: sends a one-time code or a magic link.
extension DevTenant {
    private static let startProperties: Set<String> = ClientAuthentication.parameters.union([
        "connection", "email", "phone_number", "send", "authParams",
    ])

    func start(_ call: Call) async throws -> Answer {
        let parameters = try call.parameters
        try refuseUnknownProperties(parameters)
        guard let clientID = parameters["client_id"] else { throw Self.missing("client_id", "bad.client_id") }
        guard let name = parameters["connection"] else { throw Self.missing("connection", "bad.connection") }
        guard let client = clients[clientID] else { throw Self.badConnection("Connection does not exist") }
        guard await isAuthentic(client, call, parameters, anySecretMethod: true) else {
            throw Refusal(
                options.startClientRefusal.status, options.startClientRefusal.error,
                options.startClientRefusal.description)
        }
        var headers = try admit(call, of: client)
        let address = try startAddress(parameters, connection: startConnection(name, of: client))
        if let provider = options.messageProviderError, address.strategy == .sms {
            throw Refusal(400, "sms_provider_error", provider)
        }
        let user = try startUser(address)
        if !user.isBlocked { try send(call, parameters, to: address, client: client) }

        var body: [String: JSON] = ["_id": .string(user.id)]
        switch address.strategy {
        case .sms:
            body["phone_number"] = .string(address.value)
            body["phone_verified"] = .bool(user.hasSignedUp)
        default:
            body["email"] = .string(address.value)
            body["email_verified"] = .bool(user.hasSignedUp)
        }
        var answer = Answer.json(200, .object(body), charset: true)
        headers.append(contentsOf: answer.headers)
        answer.headers = headers
        return answer
    }

    /// Counts a call that nobody authenticated against its address's share, and gives the headers that say so.
    private func admit(_ call: Call, of client: Client) throws -> HTTPFields {
        if client.authentication.isConfidential { return [:] }
        let state = startLimits[call.source, default: RateLimit(.init(burst: options.startLimit, period: 3600))].take(
            now: now)
        if state.isExceeded { throw Limited(refusal: .tooManyRequests, headers: state.headers) }
        return state.headers
    }

    private func refuseUnknownProperties(_ parameters: Parameters) throws {
        let unknown = parameters.names.subtracting(Self.startProperties)
        if !unknown.isEmpty {
            let names = unknown.sorted().joined(separator: ", ")
            throw Refusal(400, "bad.request", "the following properties are not allowed: \(names)")
        }
        if let value = parameters.values["authParams"], value.object == nil {
            throw Refusal(400, "bad.authParams", "error in authParams - invalid type: string (expected object)")
        }
        if let send = parameters["send"], !["code", "link", "link_ios", "link_android"].contains(send) {
            throw Refusal(400, "bad.send", "send must be one of: code, link")
        }
    }

    private func startConnection(_ name: String, of client: Client) throws -> Connection {
        guard let connection = connections[name] else { throw Self.badConnection("Connection does not exist") }
        guard connection.strategy != .database else {
            throw Self.badConnection("Invalid connection strategy. It must either be a passwordless connection")
        }
        guard connection.isEnabled, client.connections.contains(name) else {
            throw Self.badConnection("Connection is disabled")
        }
        return connection
    }

    private func startAddress(_ parameters: Parameters, connection: Connection) throws -> Address {
        if connection.strategy == .sms {
            guard let number = parameters["phone_number"] else {
                throw Self.missing("phone_number", "bad.phone_number")
            }
            guard let address = Address(number, in: connection) else {
                throw Refusal(400, "bad.phone_number", "String does not match pattern: ^\\+[0-9]{1,15}$")
            }
            return address
        }
        guard let email = parameters["email"] else { throw Self.missing("email", "bad.email") }
        guard let address = Address(email, in: connection) else {
            throw Refusal(400, "bad.email", "error in email - email format validation failed: \(email)")
        }
        return address
    }

    private func startUser(_ address: Address) throws -> User {
        if users.find(address)?.hasSignedUp != true {
            guard connections[address.connection]?.allowsSignUp == true else {
                throw Self.badConnection("Public signup is disabled")
            }
            if let text = options.registrationDenial { throw Refusal(400, "extensibility_error", text) }
        }
        return users.record(for: address, now: now)
    }

    private func send(_ call: Call, _ parameters: Parameters, to address: Address, client: Client) throws {
        let code = codes.issue(to: address, now: now)
        secrets.add(.code, code)
        // Without `send` an e-mail carries a link; a text message always carries a code.
        let isLink = address.strategy == .email && parameters["send", default: "link"] != "code"
        let link = isLink ? magicLink(parameters, address: address, client: client, code: code) : nil
        let language = call.headers[.requestLanguage] ?? call.headers[.acceptLanguage]
        outbox.add(
            to: address.value, connection: address.connection, code: code, link: link, language: language,
            forwardedFor: call.headers[.forwardedFor], at: now)
        announce()
    }

    private static func missing(_ property: String, _ error: String) -> Refusal {
        Refusal(400, error, "Missing required property: \(property)")
    }

    private static func badConnection(_ description: String) -> Refusal {
        Refusal(400, "bad.connection", description)
    }
}
