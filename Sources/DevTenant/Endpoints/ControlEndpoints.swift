import Foundation
import HTTPTypes

/// The tenant's own endpoints under `/_dev/`, a path Auth0 does not use: everything a test does in the same process, for
/// people and scripts, in JSON.
extension DevTenant {
    static let controlPrefix = "/_dev/"

    func control(_ call: Call) -> Answer {
        // A web page must not be able to read codes and tokens: browsers send Origin, scripts do not.
        if call.headers[values: .origin].isEmpty == false { return .text(403, "Not for browsers") }
        let body = call.body.isEmpty ? JSON.object([:]) : JSON(text: call.body)
        guard let body else { return .text(400, "The body is not JSON") }
        do {
            return try answer(
                "\(call.method.rawValue) \(call.path.dropFirst(Self.controlPrefix.count))", call.query, body)
        } catch {
            return .json(400, ["error": .string("\(error)")])
        }
    }

    private func answer(_ request: String, _ query: Parameters, _ body: JSON) throws -> Answer {
        switch request {
        case "GET outbox":
            return try list(query["to"].map(outbox.messages(to:)) ?? outbox.messages)
        case "GET code":
            guard let code = outbox.messages(to: query["to"] ?? "").last?.code else {
                return .text(404, "No code was sent there")
            }
            return .json(200, ["code": .string(code)])
        case "GET totp":
            guard let code = currentTOTPCode(for: query["to"] ?? "") else {
                return .text(404, "Nobody has a TOTP secret there")
            }
            return .json(200, ["code": .string(code)])
        case "POST push":
            guard try answerPush(body) else { return .text(404, "No notification waits there") }
        case "GET requests":
            return try list(
                requests(
                    to: query["endpoint"].flatMap(Endpoint.init(rawValue:)),
                    grant: query["grant"].flatMap(Grant.init(name:))))
        case "DELETE requests":
            forgetRequests()
        case "GET secrets":
            return try list(knownSecrets)
        case "GET faults":
            return .json(200, ["waiting": .integer(faults.count), "held": .integer(held.count)])
        case "POST faults":
            try order(body)
        case "DELETE faults":
            cancelFaults()
        case "POST release":
            release()
        case "GET clock":
            return .json(200, ["now": .integer(unixTime)])
        case "POST clock":
            guard let seconds = body["advance"]?.integer else {
                throw ControlMistake(description: "advance is missing")
            }
            advanceClock(by: Double(seconds))
            return .json(200, ["now": .integer(unixTime)])
        case "POST keys/rotate":
            try rotateKeys()
        case "POST keys/revoke":
            revokePreviousKey()
        case "POST users":
            try changeUser(body)
        default:
            return .text(404, "Not found")
        }
        return .json(200, [:])
    }

    private func order(_ body: JSON) throws {
        guard let endpoint = Endpoint(rawValue: body["endpoint"]?.string ?? "token") else {
            let names = Endpoint.allCases.map(\.rawValue).joined(separator: ", ")
            throw ControlMistake(description: "endpoint is one of: \(names)")
        }
        guard let fault = Fault(body) else { throw ControlMistake(description: "kind is unknown or lacks something") }
        order(
            fault, at: endpoint, grant: body["grant"]?.string.flatMap(Grant.init(name:)),
            times: body["times"]?.integer ?? 1)
    }

    private func changeUser(_ body: JSON) throws {
        guard let address = body["address"]?.string else { throw ControlMistake(description: "address is missing") }
        try changeFactors(body, of: address)
        guard !users.find(address).isEmpty else { throw ControlMistake(description: "address is unknown") }
        if case .bool(let isBlocked) = body["blocked"] { block(address, isBlocked) }
        if let denial = body["denied"] { deny(address, denial.string) }
        if body["forgive"] == true { forgiveFailures(of: address) }
        if body["revoke"] == true { revokeRefreshTokens(of: address) }
        if body["delete"] == true { deleteUser(address) }
    }

    private func list(_ items: some Encodable) throws -> Answer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return .text(200, String(decoding: try encoder.encode(items), as: UTF8.self), type: "application/json")
    }
}

/// A request to a control endpoint that makes no sense, in words for whoever sent it.
struct ControlMistake: Error, CustomStringConvertible {
    let description: String
}
