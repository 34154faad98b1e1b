import HTTPTypes

/// `POST /oauth/revoke`: 200 with nothing in it, also for a token nobody knows.
extension DevTenant {
    func revoke(_ call: Call) async throws -> Answer {
        let parameters = try call.parameters
        try refuseUnknownParameters(
            parameters, known: ClientAuthentication.parameters.union(["token", "token_type_hint"]))
        let client = try await tokenClient(call, parameters)
        guard let token = parameters["token"] else { throw Self.missing("token") }
        if let owner = refreshTokens.clientID(of: token), owner != client.id {
            throw Refusal.invalidRequest("The token was not issued to this client")
        }
        refreshTokens.revoke(token)
        return Answer(200, headers: [.contentType: "application/json"])
    }
}
