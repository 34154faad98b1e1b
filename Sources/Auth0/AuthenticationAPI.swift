package import FoundationEssentials
import NIOHTTP1

/// One application's calls to one tenant (Auth0: "Authentication API"). Each is one request; nothing is retried here.
package struct AuthenticationAPI: Sendable {
    package let issuer: Issuer
    package let clientID: String
    private let authentication: ClientAuthentication
    private let transport: HTTPTransport
    let now: @Sendable () -> Date

    package init(
        issuer: Issuer, clientID: String, authentication: ClientAuthentication, transport: HTTPTransport,
        now: @escaping @Sendable () -> Date
    ) {
        self.issuer = issuer
        self.clientID = clientID
        self.authentication = authentication
        self.transport = transport
        self.now = now
    }

    /// The same application, which proves nothing: for what is public, such as the tenant's keys.
    package var withoutAuthentication: AuthenticationAPI {
        AuthenticationAPI(issuer: issuer, clientID: clientID, authentication: .none, transport: transport, now: now)
    }

    /// Has a one-time code or a link sent (`POST /passwordless/start`). That it succeeds does not mean that a message was delivered.
    package func startPasswordless(_ start: PasswordlessStart) async throws(Auth0Error) {
        var headers = HTTPHeaders()
        if let language = start.language {
            headers.add(name: "x-request-language", value: language)
        }
        if let address = start.forwardedFor, authentication.carriesSecret {
            headers.add(name: "auth0-forwarded-for", value: address)
        }
        try checkStart(try await post("passwordless/start", start.members, headers: headers))
    }

    /// - Throws: unless this answer to ``startPasswordless(_:)`` says that it was done; also below.
    func checkStart(_ answer: HTTPTransport.Answer) throws(Auth0Error) {
        guard (200..<300).contains(answer.status) else { throw Auth0Error(answer, to: .start, now: now()) }
        // A captive portal answers 200 with a page; the tenant answers with JSON or nothing at all.
        guard answer.body.isEmpty || Self.isJSONObject(answer.body) else {
            throw Auth0Error(.notJSON, "something answered with a page instead of JSON", hint: Hint.captivePortal)
        }
    }

    /// Exchanges a one-time code for tokens (grant `http://auth0.com/oauth/grant-type/passwordless/otp`).
    package func exchangeCode(
        _ code: Secret, username: String, connection: String, scope: String, audience: String?
    ) async throws(Auth0Error) -> TokenResponse {
        var members: [String: JSONMember] = [
            "grant_type": .string("http://auth0.com/oauth/grant-type/passwordless/otp"),
            "username": .string(username), "otp": .string(code.revealed), "realm": .string(connection),
            "scope": .string(scope),
        ]
        members["audience"] = audience.map { .string($0) }
        return try await token(members, call: .exchange)
    }

    /// Exchanges a refresh token for an access token (RFC 6749, section 6). If the tenant rotates, the answer's refresh token replaces this one.
    ///
    /// - Parameters:
    ///   - scope: narrows this access token; nil asks for all that was granted.
    ///   - audience: another audience of a multi-resource refresh token; nil asks for the one signed in for.
    package func refresh(
        _ refreshToken: Secret, scope: String? = nil, audience: String? = nil
    ) async throws(Auth0Error) -> TokenResponse {
        var members: [String: JSONMember] = [
            "grant_type": .string("refresh_token"), "refresh_token": .string(refreshToken.revealed),
        ]
        members["scope"] = scope.map { .string($0) }
        members["audience"] = audience.map { .string($0) }
        return try await token(members, call: .refresh)
    }

    /// Revokes a refresh token and with it its family (RFC 7009). The tenant answers the same for a token it does not know.
    package func revoke(_ refreshToken: Secret) async throws(Auth0Error) {
        try checkRevocation(try await post("oauth/revoke", ["token": .string(refreshToken.revealed)]))
    }

    func checkRevocation(_ answer: HTTPTransport.Answer) throws(Auth0Error) {
        // RFC 7009, section 2.2: 200 says that it is revoked, and nothing else does.
        guard answer.status == 200, !Self.isError(answer.body) else {
            throw Auth0Error(answer, to: .revoke, now: now())
        }
        // Auth0 answers with nothing, or with the text OK; a page is a captive portal's and revoked nothing.
        let words = answer.body.split(omittingEmptySubsequences: true) { " \r\n".utf8.contains($0) }
        guard words.isEmpty || words == [ArraySlice("OK".utf8)] || Self.isJSONObject(answer.body) else {
            throw Auth0Error(.notJSON, "something answered with a page instead of the tenant", hint: Hint.captivePortal)
        }
    }

    /// The keys that sign the tenant's ID tokens (`/.well-known/jwks.json`).
    package func keySet() async throws(Auth0Error) -> KeySet {
        let answer = try await get(".well-known/jwks.json")
        guard let keys = KeySet(json: answer.body) else {
            throw Auth0Error(.protocolViolation, "the tenant's key set is not a JSON Web Key Set")
        }
        return keys
    }

    /// Checks that the tenant is who it is configured to be (OpenID Connect Discovery, section 4.3).
    package func discover() async throws(Auth0Error) -> Discovery {
        let answer = try await get(".well-known/openid-configuration")
        // What does not decode breaks the protocol, whatever the reason.
        guard let discovery = try? TenantJSON.decode(Discovery.self, from: answer.body) else {
            throw Auth0Error(.protocolViolation, "the tenant's discovery document cannot be read")
        }
        guard discovery.issuer == issuer.description else {
            throw Auth0Error(
                .misconfigured, "the tenant calls itself \(TenantText.printable(discovery.issuer))",
                hint: "Set issuer (or domain) of the profile to that address, if it is the right tenant.")
        }
        return discovery
    }

    /// The claims about the person an access token is for (OpenID Connect Core, section 5.3).
    package func userInfo(accessToken: Secret) async throws(Auth0Error) -> IDTokenClaims {
        let answer = try await get("userinfo", headers: Self.authorization(accessToken))
        // What does not decode breaks the protocol, whatever the reason.
        guard let claims = try? TenantJSON.decode(IDTokenClaims.self, from: answer.body),
            claims.sub.map(IDTokenClaims.isSubject) == true
        else {
            throw Auth0Error(.protocolViolation, "the tenant's userinfo does not say who it is about")
        }
        return claims
    }

    func token(_ members: [String: JSONMember], call: Call) async throws(Auth0Error) -> TokenResponse {
        try tokens(in: try await post("oauth/token", members), to: call)
    }

    func tokens(in answer: HTTPTransport.Answer, to call: Call) throws(Auth0Error) -> TokenResponse {
        // auth0.js knows answers of status 200 whose body is an error; they are errors here as well.
        guard (200..<300).contains(answer.status), !Self.isError(answer.body) else {
            throw Auth0Error(answer, to: call, now: now())
        }
        guard Self.isJSONObject(answer.body) else {
            throw Auth0Error(.notJSON, "something answered with a page instead of JSON", hint: Hint.captivePortal)
        }
        do {
            return try TokenResponse(json: answer.body)
        } catch {
            throw Auth0Error(.malformedTokens(refreshToken: error.refreshToken), error.reason)
        }
    }

    private func get(_ path: String, headers: HTTPHeaders = [:]) async throws(Auth0Error) -> HTTPTransport.Answer {
        let answer = try await send(.GET, path, headers: headers)
        guard answer.status == 200 else { throw Auth0Error(answer, to: .lookup, now: now()) }
        guard Self.isJSONObject(answer.body) else {
            throw Auth0Error(.notJSON, "something answered with a page instead of JSON", hint: Hint.captivePortal)
        }
        return answer
    }

    /// - Parameter bearer: a token that authorizes the call besides the client's own authentication.
    func post(
        _ path: String, _ members: [String: JSONMember], headers extra: HTTPHeaders = [:], bearer: Secret? = nil
    ) async throws(Auth0Error) -> HTTPTransport.Answer {
        var headers = extra
        headers.add(name: "Content-Type", value: "application/json")
        headers.add(name: "Accept", value: "application/json")
        var members = members
        members["client_id"] = .string(clientID)
        if let bearer { headers.add(contentsOf: Self.authorization(bearer)) }
        switch authentication {
        case .none:
            break
        case .secretPost(let secret):
            members["client_secret"] = .string(secret.revealed)
        case .secretBasic(let secret) where bearer != nil:
            // There is one Authorization header, and the bearer has it.
            members["client_secret"] = .string(secret.revealed)
        case .secretBasic(let secret):
            let credentials = Data("\(clientID):\(secret.revealed)".utf8).base64EncodedString()
            headers.add(name: "Authorization", value: "Basic \(credentials)")
        case .privateKeyJWT(let key):
            let assertion = ClientAssertion(clientID: clientID, issuer: issuer, now: now())
            do {
                members["client_assertion"] = .string(try await assertion.signed(with: key))
            } catch {
                throw Auth0Error(
                    .misconfigured, "the private key cannot sign a client assertion",
                    hint: "Set an RSA, P-256 or P-384 key by 'postern client-secret set'.")
            }
            members["client_assertion_type"] = .string(ClientAssertion.type)
        }
        guard let body = try? JSONEncoder().encode(members) else {  // strings alone: cannot fail
            throw Auth0Error(.misconfigured, "the request cannot be written as JSON")
        }
        return try await send(.POST, path, headers: headers, body: Array(body))
    }

    func send(
        _ method: HTTPMethod, _ path: String, headers: HTTPHeaders, body: [UInt8]? = nil
    ) async throws(Auth0Error) -> HTTPTransport.Answer {
        do {
            return try await transport.send(method, issuer.endpoint(path), headers: headers, body: body)
        } catch {
            throw Auth0Error(error)
        }
    }

    static func authorization(_ bearer: Secret) -> HTTPHeaders {
        ["Authorization": "Bearer \(bearer.revealed)"]
    }

    /// Whether the bytes are one JSON object from beginning to end: an answer cut off on its way is as unreadable as a page.
    static func isJSONObject(_ bytes: [UInt8]) -> Bool {
        struct AnyObject: Decodable {
            private enum CodingKeys: CodingKey {}

            init(from decoder: any Decoder) throws {
                _ = try decoder.container(keyedBy: CodingKeys.self)
            }
        }
        return (try? TenantJSON.decode(AnyObject.self, from: bytes)) != nil  // not decodable: no object
    }

    private static func isError(_ bytes: [UInt8]) -> Bool {
        struct Probe: Decodable {
            var error: String
        }
        return (try? TenantJSON.decode(Probe.self, from: bytes)) != nil  // not decodable: no error member
    }
}
