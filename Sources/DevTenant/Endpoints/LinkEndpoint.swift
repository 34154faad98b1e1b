import Foundation
import HTTPTypes

/// Magic links: what they look like, and `GET /passwordless/verify_redirect`, where they lead.
extension DevTenant {
    /// The link of an e-mail; `authParams` are merged into it.
    func magicLink(_ parameters: Parameters, address: Address, client: Client, code: String) -> String {
        var query: [String: String] = [:]
        for (name, value) in parameters.values["authParams"]?.object ?? [:] { query[name] = value.string }
        query["client_id"] = client.id
        query["connection"] = address.connection
        query["email"] = address.value
        query["verification_code"] = code
        return issuer + "passwordless/verify_redirect?" + Self.form(query)
    }

    /// Sends the browser to the client's `redirect_uri` with tokens, or an error, in the fragment. A link never brings
    /// a refresh token.
    func followLink(_ call: Call, flaw: IDTokenFlaw?) throws -> Answer {
        let query = call.query
        guard let clientID = query["client_id"], let client = clients[clientID] else {
            throw Refusal(403, "unauthorized_client", "invalid client")
        }
        guard let connection = connections[query["connection"] ?? ""], connection.strategy == .email,
            let target = query["redirect_uri"]
        else { throw Refusal.invalidRequest("the connection was not found") }
        var fragment: [String: String] = [:]
        fragment["state"] = query["state"]
        do {
            let user = try user(with: query["email"] ?? "", in: connection, code: query["verification_code"] ?? "")
            let authorization = try authorize(
                user, client: client, audience: query["audience"], scope: query["scope"] ?? "openid")
            let scopes = authorization.scopes.filter { $0 != "offline_access" }
            let body = try tokens(
                authorization, user: user, audience: authorization.audience, scopes: scopes, nonce: query["nonce"],
                flaw: flaw)
            let asked = Scopes.list(query["response_type"] ?? "token")
            for (name, value) in body where name != "id_token" || asked.contains("id_token") {
                fragment[name] = value.string ?? value.text
            }
        } catch let refusal as Refusal {
            fragment["error"] = refusal.error == "invalid_grant" ? "unauthorized" : refusal.error
            fragment["error_description"] = refusal.description
        }
        return Answer(302, headers: [.location: target + "#" + Self.form(fragment)])
    }

    private static func form(_ fields: [String: String]) -> String {
        fields.sorted { $0.key < $1.key }.map { name, value in
            "\(name.percentEncoded)=\(value.percentEncoded)"
        }.joined(separator: "&")
    }
}
