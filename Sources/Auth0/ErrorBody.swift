import FoundationEssentials

/// An error answer, whichever of the shapes the tenant and the edge before it use (Auth0's SDKs read them in the same order).
///
/// - `{"error", "error_description"}` of the OAuth endpoints,
/// - `{"code" or "name", "description", "statusCode"}` of older endpoints, where `description` may be an object,
/// - `{"error": "a sentence"}`,
/// - `{"statusCode", "error": "Too Many Requests", "message", "errorCode"}` of the edge.
struct ErrorBody: Sendable {
    var code: String
    var description: String?

    /// Nil if the bytes are no JSON object, or one without any error member.
    init?(json: [UInt8]) {
        // Whatever does not decode is no error body; the caller then goes by the status.
        guard let raw = try? TenantJSON.decode(Raw.self, from: json) else { return nil }
        guard let code = raw.errorCode?.text ?? raw.code?.text ?? raw.error?.text ?? raw.name?.text else { return nil }
        self.code = TenantText.printable(code)
        description = (raw.errorDescription?.text ?? raw.description?.text ?? raw.message?.text).map(
            TenantText.printable)
        if description == nil, code.contains(" ") {
            description = self.code
        }
    }

    /// Whether a description contains one of these texts, in any case. Auth0 tells several situations apart by English text alone.
    func says(_ stems: String...) -> Bool {
        let text = (description ?? "").lowercased()
        return stems.contains { text.contains($0) }
    }

    private struct Raw: Decodable {
        var error: Text?
        var errorDescription: Text?
        var errorCode: Text?
        var code: Text?
        var name: Text?
        var description: Text?
        var message: Text?

        enum CodingKeys: String, CodingKey {
            case error
            case errorDescription = "error_description"
            case errorCode, code, name, description, message
        }
    }

    /// A string, or something else that is as good as absent.
    private struct Text: Decodable {
        var text: String?

        init(from decoder: any Decoder) throws {
            text = try? decoder.singleValueContainer().decode(String.self)  // objects and numbers are not for people
        }
    }
}
