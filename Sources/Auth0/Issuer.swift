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
        let (https, http) = ("https://", "http://")
        let scheme = [https, http].first { text.prefix($0.count).lowercased() == $0 }
        guard let scheme else {
            throw Invalid(reason: "must be a URL such as https://acme.eu.auth0.com/")
        }
        var rest = text.dropFirst(scheme.count)
        if rest.last == "/" { rest.removeLast() }
        guard !rest.isEmpty, !rest.contains(where: { "/?#@\\".contains($0) }) else {
            throw Invalid(reason: "must be a scheme and a host alone, such as https://acme.eu.auth0.com/")
        }
        let host = try HostAndPort(rest)
        guard scheme == https || host.isLoopback else {
            throw Invalid(reason: "must start with https:// (http is accepted for loopback hosts alone)")
        }
        description = "\(scheme)\(host)/"
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

    /// Why a text is no issuer, to be read after the text's name.
    package struct Invalid: Error, Equatable {
        package let reason: String
    }
}
