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

    private struct Mistake: Error, CustomStringConvertible {
        let description: String
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
            guard let seconds = body["advance"]?.integer else { throw Mistake(description: "advance is missing") }
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
            throw Mistake(description: "endpoint is one of: \(names)")
        }
        guard let fault = Fault(body) else { throw Mistake(description: "kind is unknown or lacks something") }
        order(
            fault, at: endpoint, grant: body["grant"]?.string.flatMap(Grant.init(name:)),
            times: body["times"]?.integer ?? 1)
    }

    private func answerPush(_ body: JSON) throws -> Bool {
        let answers: [String: OOBChallenge.PushAnswer] = [
            "approve": .approved, "deny": .denied(.accessDenied400), "deny_403": .denied(.invalidGrant403),
        ]
        guard let address = body["to"]?.string, let answer = answers[body["answer"]?.string ?? "approve"] else {
            throw Mistake(description: "to is missing, or answer is none of: approve, deny, deny_403")
        }
        defer { announce() }
        return answerPush(answer, of: address)
    }

    private func changeUser(_ body: JSON) throws {
        guard let address = body["address"]?.string else { throw Mistake(description: "address is missing") }
        try changeFactors(body, of: address)
        guard !users.find(address).isEmpty else { throw Mistake(description: "address is unknown") }
        if case .bool(let isBlocked) = body["blocked"] { block(address, isBlocked) }
        if let denial = body["denied"] { deny(address, denial.string) }
        if body["forgive"] == true { forgiveFailures(of: address) }
        if body["revoke"] == true { revokeRefreshTokens(of: address) }
        if body["delete"] == true { deleteUser(address) }
    }

    /// Unlike the rest, makes a person known who was not.
    private func changeFactors(_ body: JSON, of address: String) throws {
        if let value = body["mfa"] {
            let policy = value.string.flatMap(MFAPolicy.init(rawValue:))
            guard policy != nil || value == .null else {
                throw Mistake(
                    description: "mfa is null or one of: "
                        + MFAPolicy.allCases.map(\.rawValue).joined(separator: ", "))
            }
            setMFAPolicy(policy, for: address)
        }
        if let list = body["authenticators"]?.array {
            let authenticators = list.compactMap(Authenticator.init)
            guard authenticators.count == list.count else {
                throw Mistake(
                    description: "an authenticator's kind is one of: "
                        + Authenticator.Kind.allCases.map(\.rawValue).joined(separator: ", "))
            }
            setAuthenticators(authenticators, of: address)
        }
        if let denial = body["denied_after_challenge"] { denyAfterChallenge(address, denial.string) }
    }

    private func list(_ items: some Encodable) throws -> Answer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return .text(200, String(decoding: try encoder.encode(items), as: UTF8.self), type: "application/json")
    }
}
