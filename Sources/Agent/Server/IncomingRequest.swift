import PosternProtocol

/// A request object, checked against section 4 of the JSON-RPC 2.0 specification.
struct IncomingRequest {
    var method: String
    /// The bytes of `params`; nil if there are none.
    var params: ArraySlice<UInt8>?
    /// The bytes of `id`; nil in a notification.
    var id: ArraySlice<UInt8>?

    var isNotification: Bool { id == nil }

    /// What is wrong, and the identifier to say it to; nil if that cannot be made out.
    struct Invalid: Error {
        var error: AgentError
        var id: ArraySlice<UInt8>?

        init(_ message: String, id: ArraySlice<UInt8>? = nil) {
            error = AgentError(.invalidRequest, message)
            self.id = id
        }
    }

    /// - Parameter outline: that of the text, which is known to be valid JSON.
    init(_ text: ArraySlice<UInt8>, _ outline: StrictJSON.Outline?) throws(Invalid) {
        guard case .object(let members) = outline else { throw Invalid("A request is a JSON object.") }
        func bytes(_ name: String) -> ArraySlice<UInt8>? {
            members.first { $0.name == name }.map { text[$0.value] }
        }
        let id = bytes("id")
        if let id {
            guard let first = id.first,
                first == UInt8(ascii: "\"") || first == UInt8(ascii: "-") || first == UInt8(ascii: "n")
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
            else { throw Invalid("The member id must be a string, a number or null.") }
        }
        guard let version = bytes("jsonrpc"), Self.string(version) == "2.0" else {
            throw Invalid("The member jsonrpc must be \"2.0\".", id: id)
        }
        guard let method = bytes("method").flatMap(Self.string) else {
            throw Invalid("The member method must be a string.", id: id)
        }
        let params = bytes("params")
        if let first = params?.first, first != UInt8(ascii: "{"), first != UInt8(ascii: "[") {
            throw Invalid("The member params must be an object or an array.", id: id)
        }
        self.method = method
        self.params = params
        self.id = id
    }

    private static func string(_ bytes: ArraySlice<UInt8>) -> String? {
        StrictJSON.string(bytes)
    }
}
