package import HTTPTypes

/// What an endpoint says, before it becomes bytes.
package struct Answer: Sendable, Hashable {
    package enum Body: Sendable, Hashable {
        case text(String)
        /// As many bytes as said, all of them spaces after one `{`.
        case oversized(bytes: Int)
        /// Never ends: bytes go on until the client leaves.
        case endless
        /// The head and a first byte, then silence until the client leaves.
        case stalled
        /// A byte a second until the client leaves.
        case trickling
        /// A chunk whose length is no number (RFC 9112, section 7.1), and the end of the connection.
        case garbled
    }

    package var status: Int
    package var headers: HTTPFields
    package var body: Body

    package init(_ status: Int, headers: HTTPFields = [:], body: Body = .text("")) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A JSON body, never cached (RFC 6749, section 5.1).
    package static func json(_ status: Int = 200, _ value: JSON, charset: Bool = false) -> Answer {
        Answer(
            status,
            headers: [
                .contentType: charset ? "application/json; charset=utf-8" : "application/json",
                .cacheControl: "no-store",
            ],
            body: .text(value.text))
    }

    package static func text(_ status: Int, _ text: String, type: String = "text/plain; charset=utf-8") -> Answer {
        Answer(status, headers: [.contentType: type], body: .text(text))
    }
}
