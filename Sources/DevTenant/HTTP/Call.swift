import HTTPTypes

/// One request as it came in, read to the end.
struct Call: Sendable {
    let method: HTTPRequest.Method
    let path: String
    let query: Parameters
    let headers: HTTPFields
    let body: String
    /// The address the connection came from.
    let source: String

    /// Reads the body by its content type: JSON or a form. Both work on every endpoint.
    var parameters: Parameters {
        get throws(Refusal) {
            let type = headers[.contentType]?.split(separator: ";").first.map { $0.lowercased() }
            switch type {
            case "application/json":
                guard let parameters = Parameters(json: body) else {
                    throw .invalidRequest("The body is not a JSON object")
                }
                return parameters
            case "application/x-www-form-urlencoded":
                guard let parameters = Parameters(form: body) else {
                    throw .invalidRequest("The body is not a well-formed form")
                }
                return parameters
            default:
                throw .invalidRequest("Content-Type must be application/json or application/x-www-form-urlencoded")
            }
        }
    }

    /// The token of an `Authorization: Bearer` header.
    var bearerToken: String? {
        guard let value = headers[.authorization], value.lowercased().hasPrefix("bearer ") else { return nil }
        return String(value.dropFirst("bearer ".count))
    }
}

extension HTTPField.Name {
    /// Builds a name from a literal of this package: all of them are tokens.
    static func literal(_ name: StaticString) -> HTTPField.Name {
        guard let name = HTTPField.Name("\(name)") else { preconditionFailure("\(name) is not a header name") }
        return name
    }

    static let requestLanguage = literal("x-request-language")
    static let forwardedFor = literal("auth0-forwarded-for")
    static let rateLimit = literal("x-ratelimit-limit")
    static let rateLimitRemaining = literal("x-ratelimit-remaining")
    static let rateLimitReset = literal("x-ratelimit-reset")
}
