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

    @Test("upper case is accepted and becomes lower case, as the iss claim has it")
    func upperCase() throws {
        let (url, domain) = (
            try Issuer(url: "HTTPS://Acme.EU.auth0.com"), try Issuer(domain: "ACME.eu.auth0.com:08443")
        )
        #expect(url.description == "https://acme.eu.auth0.com/")
        #expect(domain.description == "https://acme.eu.auth0.com:8443/")
    }

    @Test(
        "a host is labels of letters, digits and hyphens, or an IP literal, with a port from 1 to 65535",
        arguments: [
            "acme_x.com", "-acme.com", "acme-.com", "acme..com", ".acme.com", "acme.com.", "a b.com", "acme.com:0",
            "acme.com:65536",
            "acme.com:", "acme.com:+1", "acme.com:1:2", "acme.com:99999999999999999999", "::1", "[::1", "[::1]x",
            "[::g]", "[]", "[::1]:",
            "[fe80::1%eth0]", "1.2.3", "127.1", "0x7f000001", "0x7f.0.0.1", "256.1.1.1", "2130706433", "acme%2ecom",
            "acme.com%00",
            "acme.com\u{0}", "acme.com\n", "acme\\x.com", "a@b.com", "a?b", "a#b", "a/b",
            String(repeating: "a", count: 64) + ".com",
            String(repeating: "a.", count: 127) + "com",
        ])
    func badHost(text: String) {
        #expect(throws: Issuer.Invalid.self) { _ = try Issuer(domain: text) }
        #expect(throws: Issuer.Invalid.self) { _ = try Issuer(url: "https://" + text + "/x") }
    }

    @Test(
        "an internationalized name is refused with a word about its ASCII form",
        arguments: ["bücher.example", "例え.jp", "acme。com"])
    func international(text: String) {
        let error = #expect(throws: Issuer.Invalid.self) { _ = try Issuer(domain: text) }
        #expect(error?.reason.contains("xn--") == true)
    }

    @Test(
        "good hosts", arguments: ["xn--bcher-kva.example", "a", "1a.com", "192.0.2.1", "[2001:db8::1]:443", "0xyz.com"])
    func goodHost(text: String) throws {
        let issuer = try Issuer(domain: text)
        #expect(issuer.description == "https://\(text)/")
    }
}
