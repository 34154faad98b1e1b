import DevTenant
import Testing

/// What the MFA API is asked, and the three grants.
extension TenantClient {
    func list(_ bearer: String) async throws -> Response {
        try await get("mfa/authenticators", headers: ["Authorization": "Bearer \(bearer)"])
    }

    func delete(_ id: String, _ bearer: String) async throws -> Response {
        try await delete(
            "mfa/authenticators/" + id.replacing("|", with: "%7C"), headers: ["Authorization": "Bearer \(bearer)"])
    }

    func challenge(_ token: String, _ more: [String: JSON] = [:]) async throws -> Response {
        let body: [String: JSON] = ["client_id": .string(clientID), "mfa_token": .string(token)]
        return try await post("mfa/challenge", json: .object(body.merging(more) { _, new in new }))
    }

    func associate(_ bearer: String, _ body: JSON) async throws -> Response {
        try await post("mfa/associate", json: body, headers: ["Authorization": "Bearer \(bearer)"])
    }

    /// By SMS, to `number`.
    func associateSMS(_ bearer: String, _ number: String = "+15550100") async throws -> Response {
        try await associate(
            bearer,
            ["authenticator_types": ["oob"], "oob_channels": ["sms"], "phone_number": .string(number)])
    }

    func prove(_ token: String, otp: String) async throws -> Response {
        try await exchange("mfa-otp", ["mfa_token": token, "otp": otp])
    }

    func prove(_ token: String, oobCode: String?, bindingCode: String? = nil) async throws -> Response {
        var form = ["mfa_token": token]
        form["oob_code"] = oobCode
        form["binding_code"] = bindingCode
        return try await exchange("mfa-oob", form)
    }

    func prove(_ token: String, recoveryCode: String) async throws -> Response {
        try await exchange("mfa-recovery-code", ["mfa_token": token, "recovery_code": recoveryCode])
    }

    private func exchange(_ grant: String, _ form: [String: String]) async throws -> Response {
        let head = ["grant_type": "http://auth0.com/oauth/grant-type/" + grant, "client_id": clientID]
        return try await post("oauth/token", form: form.merging(head) { own, _ in own })
    }

    /// Signs in with a right code, and expects to be asked for a second factor.
    func mfaToken(
        from tenant: DevTenant, as email: String = "ada@example.com",
        scope: String = "openid profile email offline_access", audience: String? = nil
    ) async throws -> String {
        let answer = try await signIn(to: tenant, as: email, scope: scope, audience: audience)
        #expect(answer.error == "mfa_required")
        return try #require(answer["mfa_token"])
    }

    /// An access token that may do everything in the MFA API.
    func managementToken(from tenant: DevTenant, otpOf email: String = "ada@example.com") async throws -> String {
        let token = try await mfaToken(
            from: tenant, as: email, scope: "enroll read:authenticators remove:authenticators",
            audience: issuer + "mfa/")
        let answer = try await prove(token, otp: tenant.totpCode(for: email))
        #expect(answer.json?["expires_in"] == 600)
        return try #require(answer["access_token"])
    }
}

/// Runs a tenant whose clock stands still, where Ada has these authenticators.
func withFactors(
    _ authenticators: [Authenticator], _ setUp: (inout Options) -> Void = { _ in },
    _ body: (DevTenant, TenantClient) async throws -> Void
) async throws {
    var options = Options.still
    options.mfa.policy = .always
    setUp(&options)
    try await DevTenant.withRunning(options) { tenant in
        await tenant.setAuthenticators(authenticators, of: "ada@example.com")
        try await body(tenant, TenantClient(tenant))
    }
}

/// Expects an OAuth error.
func expect(
    _ answer: TenantClient.Response, _ status: Int, _ error: String, _ description: String?,
    _ location: SourceLocation = #_sourceLocation
) {
    #expect(answer.status == status, sourceLocation: location)
    #expect(answer.error == error, sourceLocation: location)
    #expect(answer.description == description, sourceLocation: location)
}
