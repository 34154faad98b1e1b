import Foundation

/// `POST /oauth/token`, as JSON or as a form.
extension DevTenant {
    func token(_ call: Call, flaw: IDTokenFlaw?) async throws -> Answer {
        let parameters = try call.parameters
        guard let grantType = parameters["grant_type"] else { throw Self.missing("grant_type") }
        guard let grant = Grant(rawValue: grantType) else {
            throw Refusal(501, "unsupported_grant_type", "Unsupported grant type: \(grantType)")
        }
        try refuseUnknownParameters(parameters, grant)
        let client = try await tokenClient(call, parameters)
        guard client.grants.contains(grant) else { throw Refusal.grantNotAllowed(grantType) }
        if let scope = parameters.values["scope"], scope.string == nil {
            throw Refusal(400, "invalid_scope", "Scope must be an array or a string")
        }
        return switch grant {
        case .passwordlessOTP: try redeemCode(parameters, client: client, flaw: flaw)
        case .refreshToken: try refresh(parameters, client: client, flaw: flaw)
        case .mfaOTP: try redeemOTP(parameters, client: client, flaw: flaw)
        case .mfaOOB: try redeemOOB(parameters, client: client, flaw: flaw)
        case .mfaRecoveryCode: try redeemRecoveryCode(parameters, client: client, flaw: flaw)
        }
    }

    /// The client of a call to `/oauth/token` or `/oauth/revoke`, authenticated.
    func tokenClient(_ call: Call, _ parameters: Parameters) async throws -> Client {
        guard let id = parameters["client_id"] ?? ClientAuthentication.basic(call)?.id else {
            throw Self.missing("client_id")
        }
        guard let client = clients[id], await isAuthentic(client, call, parameters) else {
            throw Refusal(
                options.tokenClientRefusal.status, options.tokenClientRefusal.error,
                options.tokenClientRefusal.description)
        }
        return client
    }

    static func missing(_ parameter: String) -> Refusal {
        .invalidRequest("Missing required parameter: \(parameter)")
    }

    private func refuseUnknownParameters(_ parameters: Parameters, _ grant: Grant) throws {
        let own: Set<String> =
            switch grant {
            case .passwordlessOTP: ["username", "otp", "realm", "scope", "audience", "resource", "redirect_uri"]
            case .refreshToken: ["refresh_token", "scope", "audience"]
            case .mfaOTP: ["mfa_token", "otp"]
            case .mfaOOB: ["mfa_token", "oob_code", "binding_code"]
            case .mfaRecoveryCode: ["mfa_token", "recovery_code"]
            }
        try refuseUnknownParameters(
            parameters, known: own.union(ClientAuthentication.parameters).union(["grant_type"]))
    }

    /// Auth0 ignores what it does not know; a test wants to hear of it.
    func refuseUnknownParameters(_ parameters: Parameters, known: Set<String>) throws {
        let unknown = parameters.names.subtracting(known)
        if !unknown.isEmpty {
            throw Refusal.invalidRequest("Unknown parameters: \(unknown.sorted().joined(separator: ", "))")
        }
    }
}
