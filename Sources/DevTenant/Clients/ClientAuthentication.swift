import Foundation
import HTTPTypes

/// The parameters that authenticate a client, wherever a client is authenticated.
enum ClientAuthentication {
    static let parameters: Set<String> = ["client_id", "client_secret", "client_assertion", "client_assertion_type"]

    /// The identifier and secret of an `Authorization: Basic` header.
    static func basic(_ call: Call) -> (id: String, secret: String)? {
        guard let value = call.headers[.authorization], value.lowercased().hasPrefix("basic "),
            let data = Data(base64Encoded: String(value.dropFirst("basic ".count)))
        else { return nil }
        let parts = String(decoding: data, as: UTF8.self).split(separator: ":", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        return (String(parts[0]), String(parts[1]))
    }
}

extension DevTenant {
    /// Whether the call proves that it comes from `client`, by the one method the client is registered for.
    ///
    /// `/passwordless/start` knows no Basic authentication in the documentation; a client of that kind sends its secret
    /// in the body there, so with `anySecretMethod` both forms of the secret count.
    func isAuthentic(
        _ client: Client, _ call: Call, _ parameters: Parameters, anySecretMethod: Bool = false
    ) async -> Bool {
        let basic = ClientAuthentication.basic(call)
        secrets.add(.clientSecret, basic?.secret)
        switch client.authentication {
        case .none:
            return true
        case .secretPost(let secret):
            return parameters["client_secret"] == secret
                || (anySecretMethod && basic?.id == client.id && basic?.secret == secret)
        case .secretBasic(let secret):
            return (basic?.id == client.id && basic?.secret == secret)
                || (anySecretMethod && parameters["client_secret"] == secret)
        case .privateKeyJWT(let keyPEM, let algorithm):
            guard parameters["client_assertion_type"] == ClientAssertion.type,
                let token = parameters["client_assertion"],
                let assertion = await ClientAssertion.verified(token, keyPEM: keyPEM, algorithm: algorithm),
                assertion.isValid(for: client.id, issuer: issuer, now: now)
            else { return false }
            return usedAssertions.insert("\(client.id) \(assertion.jti)").inserted
        }
    }
}
