import Testing

@testable import Auth0

@Suite("An issuer")
struct IssuerTests {
    @Test(
        "a domain becomes its https origin with a final slash",
        arguments: [
            ("acme.eu.auth0.com", "https://acme.eu.auth0.com/"), ("login.example.com", "https://login.example.com/"),
            ("login.example.com:8443", "https://login.example.com:8443/"),
        ])
    func domain(text: String, issuer: String) throws {
        #expect(try Issuer(domain: text).description == issuer)
    }

    @Test(
        "a URL keeps its scheme and gets its final slash",
        arguments: [
            ("https://acme.eu.auth0.com", "https://acme.eu.auth0.com/"),
            ("https://acme.eu.auth0.com/", "https://acme.eu.auth0.com/"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000/"), ("http://localhost:3000/", "http://localhost:3000/"),
            ("http://[::1]:3000", "http://[::1]:3000/"), ("http://127.9.9.9/", "http://127.9.9.9/"),
        ])
    func url(text: String, issuer: String) throws {
        #expect(try Issuer(url: text).description == issuer)
    }

    @Test(
        "http is refused for every host that is not this machine",
        arguments: [
            "http://acme.eu.auth0.com/", "http://127.0.0.1.example.com/", "http://localhost.example.com/",
            "http://127.example.com/", "http://128.0.0.1/", "http://0.0.0.0/", "http://[::2]/", "http://127.0.0.1.5/",
        ])
    func http(text: String) {
        #expect(throws: Issuer.Invalid.self) { try Issuer(url: text) }
    }

    @Test(
        "what is more or less than a scheme and a host is refused",
        arguments: [
            "", "acme", "https://", "https:///", "https://acme.com/path", "https://acme.com/?a=b",
            "https://acme.com/#x",
            "https://user@acme.com/", "https://user:pass@acme.com/", "ftp://acme.com/", "file:///etc/passwd",
            "https://acme.com//",
        ])
    func invalid(text: String) {
        #expect(throws: Issuer.Invalid.self) { try Issuer(url: text) }
    }

    @Test("a domain is no URL", arguments: ["https://acme.com", "acme.com/", "acme.com/path", "", "user@acme.com"])
    func invalidDomain(text: String) {
        #expect(throws: Issuer.Invalid.self) { try Issuer(domain: text) }
    }
}
