import FoundationEssentials

/// A tenant's address: an `https` origin with a final slash, as it stands in the `iss` claim of its tokens.
///
/// Every endpoint shares this origin. Auth0's discovery document names no `/passwordless/start`, so the paths are known here rather than discovered
/// (Auth0: "Authentication API").
package struct Issuer: Hashable, Sendable, CustomStringConvertible {
    /// Such as `https://acme.eu.auth0.com/`.
    package let description: String

    /// - Parameter text: a full URL; a missing final slash is added.
    /// - Throws: ``Invalid`` with a sentence that says what is wrong.
    package init(url text: String) throws(Invalid) {
        guard let components = URLComponents(string: text), let scheme = components.scheme, let host = components.host,
            !host.isEmpty
        else {
            throw Invalid(reason: "is not a URL such as https://acme.eu.auth0.com/")
        }
        guard components.user == nil, components.password == nil, components.query == nil, components.fragment == nil,
            components.path.isEmpty || components.path == "/"
        else {
            throw Invalid(reason: "must be a scheme and a host alone, such as https://acme.eu.auth0.com/")
        }
        guard scheme == "https" || (scheme == "http" && Self.isLoopback(host)) else {
            throw Invalid(reason: "must start with https:// (http is accepted for loopback hosts alone)")
        }
        let port = components.port.map { ":\($0)" } ?? ""
        description = "\(scheme)://\(components.encodedHost ?? host)\(port)/"
    }

    /// - Parameter domain: a host name, with a port if need be, such as `acme.eu.auth0.com`.
    package init(domain: String) throws(Invalid) {
        guard !domain.contains("/") else {
            throw Invalid(
                reason: "is a host name such as acme.eu.auth0.com, without https:// (for a full URL use the key issuer)"
            )
        }
        try self.init(url: "https://\(domain)/")
    }

    /// The address of one of the tenant's endpoints; `path` has no leading slash.
    func endpoint(_ path: String) -> String {
        description + path
    }

    private static func isLoopback(_ host: String) -> Bool {
        let host = host.lowercased()
        return host == "localhost" || host == "[::1]" || host == "::1"
            || (host.hasPrefix("127.") && host.utf8.split(separator: UInt8(ascii: ".")).count == 4
                && host.utf8.allSatisfy { "0123456789.".utf8.contains($0) })
    }

    /// Why a text is no issuer, to be read after the text's name.
    package struct Invalid: Error, Equatable {
        package let reason: String
    }
}
