/// A JSON-RPC 2.0 request object as a client sends it.
package struct RequestEnvelope<R: Request>: Encodable, Sendable {
    private let id: Int
    private let params: R

    package init(id: Int, params: R) {
        self.id = id
        self.params = params
    }

    private enum CodingKeys: String, CodingKey {
        case jsonrpc, id, method, params
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode("2.0", forKey: .jsonrpc)
        try container.encode(id, forKey: .id)
        try container.encode(R.method, forKey: .method)
        try container.encode(params, forKey: .params)
    }
}

/// A JSON-RPC 2.0 response object as a client reads it: a result or an error, never both.
package struct ResponseEnvelope<Response: Decodable & Sendable>: Decodable, Sendable {
    package let outcome: Result<Response, AgentError>

    private enum CodingKeys: String, CodingKey {
        case result, error
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let error = try container.decodeIfPresent(AgentError.self, forKey: .error) {
            outcome = .failure(error)
        } else {
            outcome = .success(try container.decode(Response.self, forKey: .result))
        }
    }
}
