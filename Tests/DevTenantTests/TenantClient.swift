import DevTenant
import Foundation
import FoundationNetworking

/// A plain HTTP client with a few words of Auth0's vocabulary; it knows nothing of how the tenant works.
struct TenantClient: Sendable {
    struct Response: Sendable {
        let status: Int
        let headers: [String: String]
        let text: String

        var json: JSON? { JSON(text: text) }
        var error: String? { json?["error"]?.string }
        var description: String? { json?["error_description"]?.string }

        subscript(name: String) -> String? { json?[name]?.string }
    }

    let issuer: String
    var clientID = "postern-dev"

    init(issuer: String) {
        self.issuer = issuer
    }

    init(_ tenant: DevTenant, clientID: String = "postern-dev") async {
        issuer = await tenant.issuer
        self.clientID = clientID
    }

    func get(_ path: String, headers: [String: String] = [:]) async throws -> Response {
        try await send("GET", path, headers: headers, body: nil)
    }

    func delete(_ path: String, headers: [String: String] = [:]) async throws -> Response {
        try await send("DELETE", path, headers: headers, body: nil)
    }

    func post(_ path: String, json: JSON, headers: [String: String] = [:]) async throws -> Response {
        try await send(
            "POST", path, headers: headers.merging(["Content-Type": "application/json"]) { own, _ in own },
            body: json.text)
    }

    func post(_ path: String, form: [String: String], headers: [String: String] = [:]) async throws -> Response {
        var components = URLComponents()
        components.queryItems = form.sorted { $0.key < $1.key }.map { URLQueryItem(name: $0.key, value: $0.value) }
        let body = (components.percentEncodedQuery ?? "").replacing("+", with: "%2B")
        return try await send(
            "POST", path,
            headers: headers.merging(["Content-Type": "application/x-www-form-urlencoded"]) { own, _ in own },
            body: body)
    }

    private func send(
        _ method: String, _ path: String, headers: [String: String], body: String?
    ) async throws -> Response {
        let session = URLSession(configuration: .ephemeral, delegate: RedirectRefuser(), delegateQueue: nil)
        defer { session.invalidateAndCancel() }
        let (data, response) = try await session.data(for: request(method, path, headers: headers, body: body))
        guard let response = response as? HTTPURLResponse else { throw URLError(.badServerResponse) }
        let fields = response.allHeaderFields.map { name, value in
            ("\(name)".lowercased(), "\(value)")
        }
        return Response(
            status: response.statusCode, headers: Dictionary(fields) { _, last in last },
            text: String(decoding: data, as: UTF8.self))
    }

    func request(_ method: String, _ path: String, headers: [String: String] = [:], body: String? = nil) throws
        -> URLRequest
    {
        guard let url = URL(string: issuer + path) else { throw URLError(.badURL) }
        var request = URLRequest(url: url)
        request.httpMethod = method
        request.httpBody = body.map { Data($0.utf8) }
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        return request
    }
}

extension TenantClient {
    static let otpGrant = "http://auth0.com/oauth/grant-type/passwordless/otp"

    @discardableResult
    func start(email: String = "ada@example.com", headers: [String: String] = [:]) async throws -> Response {
        try await post(
            "passwordless/start",
            json: [
                "client_id": .string(clientID), "connection": "email", "email": .string(email), "send": "code",
            ], headers: headers)
    }

    func redeem(
        _ code: String, of username: String = "ada@example.com", realm: String = "email",
        scope: String = "openid profile email offline_access", audience: String? = nil
    ) async throws -> Response {
        var body: [String: JSON] = [
            "grant_type": .string(Self.otpGrant), "client_id": .string(clientID), "username": .string(username),
            "otp": .string(code), "realm": .string(realm), "scope": .string(scope),
        ]
        body["audience"] = audience.map(JSON.string)
        return try await post("oauth/token", json: .object(body))
    }

    func refresh(_ token: String, scope: String? = nil, audience: String? = nil) async throws -> Response {
        var form = ["grant_type": "refresh_token", "client_id": clientID, "refresh_token": token]
        form["scope"] = scope
        form["audience"] = audience
        return try await post("oauth/token", form: form)
    }

    /// Signs in with a right code.
    func signIn(
        to tenant: DevTenant, as email: String = "ada@example.com",
        scope: String = "openid profile email offline_access", audience: String? = nil
    ) async throws -> Response {
        try await start(email: email)
        let code = try await tenant.nextCode(for: email)
        return try await redeem(code, of: email, scope: scope, audience: audience)
    }
}

/// A code of the same length that is not this one.
func wrong(_ code: String) -> String { code == "000000" ? "000001" : "000000" }

/// Hands a redirect to the test instead of following it.
private final class RedirectRefuser: NSObject, URLSessionTaskDelegate {
    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }
}

extension Options {
    /// A tenant whose clock moves only when a test moves it.
    static var still: Options {
        var options = Options()
        let start = Date()
        options.baseClock = { start }
        return options
    }
}
