/// A method of the agent, as a type: its stored properties are the params, ``Response`` is the result.
///
/// On the wire a request is one JSON-RPC 2.0 object on one line with its params by name. The coding keys are listed so that the agent can refuse a
/// parameter it does not know instead of ignoring a typing mistake.
package protocol Request: Codable, Sendable {
    associatedtype Response: Codable & Sendable
    associatedtype CodingKeys: CodingKey & CaseIterable

    /// The name on the wire, such as `token.get`.
    static var method: String { get }
}

/// The result `{}` of a method that has nothing to tell but that it worked.
package struct Empty: Codable, Equatable, Sendable {
    package init() {}
}

/// Seconds since 1970-01-01T00:00:00Z: every time on the wire.
package typealias UnixTime = Int
