import Auth0
import Foundation
import PosternProtocol
import Testing

@testable import Agent

@Suite("The configuration")
struct ConfigurationTests {
    /// Reads files of these texts, the least important first.
    private static func read(_ texts: String...) throws -> Configuration {
        let files = try TestFiles()
        defer { files.remove() }
        var paths: [String] = []
        for (index, text) in texts.enumerated() {
            paths.append(files.root + "/\(index).conf")
            try text.write(toFile: paths[index], atomically: true, encoding: .utf8)
        }
        return try Configuration.read(paths)
    }

    private static func error(_ texts: [String]) throws -> ConfigurationError? {
        do {
            _ = texts.count == 1 ? try read(texts[0]) : try read(texts[0], texts[1])
            return nil
        } catch let error as ConfigurationError {
            return error
        }
    }

    private static func profile(_ lines: String...) throws -> Profile {
        let text = (["[profile work]", "domain = acme.eu.auth0.com", "client_id = abc"] + lines).joined(separator: "\n")
        return try #require(try read(text).profile("work"))
    }

    @Test("a missing and an empty file are the defaults")
    func defaults() throws {
        #expect(try Configuration.read(["/nonexistent/postern.conf"]) == Configuration())
        let agent = try Self.read("").agent
        #expect(agent.defaultProfile == nil)
        #expect(agent.minTTL == 60)
        #expect(agent.wait == 20)
        #expect(agent.maxConnections == 256)
        #expect(agent.keepUnsaved)
    }

    @Test("a profile needs a domain and a client_id; the rest has defaults")
    func profileDefaults() throws {
        let profile = try Self.profile()
        #expect(profile.issuer.description == "https://acme.eu.auth0.com/")
        #expect(profile.clientID == "abc")
        #expect(profile.clientAuth == .none)
        #expect(profile.connection == "email")
        #expect(
            profile.username == nil && profile.audience == nil && profile.language == nil && profile.trustAnchors == nil
        )
        #expect(profile.scope == "openid profile email offline_access")
        #expect(profile.audiences.isEmpty && profile.authParams.isEmpty)
        #expect(profile.persist == .keyring)
        #expect(profile.refresh == .ahead)
        #expect(profile.refreshMargin == 300)
        #expect(profile.rotationOverlap == 0)
        #expect(profile.sessionLifetime == 2_592_000)
        #expect(profile.forwardedFor == .off)
    }

    @Test("every key is read")
    func keys() throws {
        let profile = try Self.profile(
            "client_auth = client_secret_post", "connection = sms", "username = +4915112345678",
            "audience = https://api",
            "scope = openid read", "audiences = https://a https://b", "auth_params = a=1 b=c=d", "persist = session",
            "refresh = on-demand", "refresh_margin = 10", "rotation_overlap = 60", "session_lifetime = 3600",
            "language = de", "forwarded_for = ssh", "send = code", "confirm = never",
            "lock = never", "callback_port = 8123")
        #expect(profile.clientAuth == .secretPost)
        #expect(profile.connection == "sms")
        #expect(profile.username == "+4915112345678")
        #expect(profile.audience == "https://api")
        #expect(profile.scope == "openid read")
        #expect(profile.audiences == ["https://a", "https://b"])
        #expect(profile.authParams == ["a": "1", "b": "c=d"])
        #expect(profile.persist == .session)
        #expect(profile.refresh == .onDemand)
        #expect(profile.refreshMargin == 10)
        #expect(profile.rotationOverlap == 60)
        #expect(profile.sessionLifetime == 3600)
        #expect(profile.language == "de")
        #expect(profile.forwardedFor == .ssh)
        let agent = try Self.read("[agent]\nmin_ttl=1\nwait=2\nmax_connections=3\nkeep_unsaved=no").agent
        #expect(agent.minTTL == 1)
        #expect(agent.wait == 2)
        #expect(agent.maxConnections == 3)
        #expect(!agent.keepUnsaved)
    }

    @Test("openid is always requested")
    func openID() throws {
        #expect(try Self.profile("scope = email").scope == "openid email")
        #expect(try Self.profile("scope = email openid").scope == "email openid")
    }

    @Test("the user's file overrides the system's key by key")
    func layers() throws {
        let system = "[agent]\nwait=5\nmin_ttl=7\n[profile work]\ndomain=acme.com\nclient_id=abc\naudience=https://a"
        let configuration = try Self.read(
            system, "[agent]\nwait=6\n[profile work]\naudience=https://b\n[profile own]\ndomain=b.com\nclient_id=x")
        #expect(configuration.agent.wait == 6)
        #expect(configuration.agent.minTTL == 7)
        #expect(configuration.profile("work")?.audience == "https://b")
        #expect(configuration.profile("work")?.clientID == "abc")
        #expect(configuration.profiles.map(\.name) == ["work", "own"])
    }

    @Test("an error names the file that the bad value stands in")
    func fileOfError() throws {
        let good = "[profile work]\ndomain=acme.com\nclient_id=abc"
        #expect(try Self.error([good, "[agent]\nwait=x"])?.file.hasSuffix("1.conf") ?? false)
        #expect(try Self.error(["[agent]\nwait=x", good])?.file.hasSuffix("0.conf") ?? false)
    }

    @Test(
        "a bad value is an error with its group and key",
        arguments: [
            ("[agent]\nwait = -1", "agent", "wait"), ("[agent]\nwait = 601", "agent", "wait"),
            ("[agent]\nmin_ttl = 1.5", "agent", "min_ttl"), ("[agent]\nmin_ttl =", "agent", "min_ttl"),
            ("[agent]\nmax_connections = 0", "agent", "max_connections"),
            ("[agent]\nkeep_unsaved = true", "agent", "keep_unsaved"),
            ("[agent]\ndefault_profile = nobody", "agent", "default_profile"),
        ])
    func badAgentValue(text: String, group: String, key: String) throws {
        let error = try #require(try Self.error([text]))
        #expect(error.group == group)
        #expect(error.key == key)
        #expect(error.description.contains(error.file))
    }

    @Test(
        "a bad value of a profile is an error with its group and key",
        arguments: [
            ("domain = https://acme.com", "domain"), ("client_auth = secret", "client_auth"),
            ("persist = disk", "persist"),
            ("refresh = never", "refresh"), ("refresh_margin = x", "refresh_margin"),
            ("rotation_overlap = -1", "rotation_overlap"),
            ("session_lifetime = 0", "session_lifetime"), ("auth_params = novalue", "auth_params"),
            ("forwarded_for = ssh", "forwarded_for"), ("callback_port = 0", "callback_port"),
            ("callback_port = 65536", "callback_port"), ("username = nobody", "username"), ("audience =", "audience"),
            ("send = link", "send"), ("confirm = always", "confirm"), ("lock = screen", "lock"),
            ("issuer = https://b.com", "domain"), ("ca_file = /nonexistent.pem", "ca_file"),
            (#"username = a\nb@example.com"#, "username"),
        ])
    func badProfileValue(line: String, key: String) throws {
        let base = ["domain = acme.com", "client_id = abc"].filter { !line.hasPrefix($0.prefix { $0 != " " } + " ") }
        let error = try #require(try Self.error([(["[profile work]"] + base + [line]).joined(separator: "\n")]))
        #expect(error.group == "profile work")
        #expect(error.key == key)
    }

    @Test("what is missing is named", arguments: [("client_id = abc", "domain"), ("domain = acme.com", "client_id")])
    func missing(line: String, key: String) throws {
        #expect(try Self.error(["[profile work]\n\(line)"])?.key == key)
    }

    @Test(
        "an unknown key or group is an error that suggests the nearest",
        arguments: [
            ("[agent]\nmin_tll = 1", "min_ttl"), ("[profil work]\nx = 1", "profile"),
            ("[profile work]\ndomain = a.com\nclient_id = x\naudeince = y", "audience"), ("[agnet]\nwait = 1", "agent"),
            ("[profile work]\ndomain = a.com\nclient_id = x\n[agent]\ndefault_profile = wrok", "work"),
            ("[profile work]\ndomain = a.com\nclient_id = x\npersist = keyrin", "keyring"),
        ])
    func suggestion(text: String, word: String) throws {
        #expect(try Self.error([text])?.problem.contains("did you mean \"\(word)\"?") ?? false)
    }

    @Test("a word that is near to none is not guessed at")
    func noSuggestion() throws {
        #expect(try Self.error(["[agent]\nxyzzyplugh = 1"])?.problem.contains("did you mean") == false)
    }

    @Test("name is not a key of a profile")
    func nameIsNoKey() throws {
        #expect(try Self.error(["[profile work]\ndomain = a.com\nclient_id = x\nname = y"])?.key == "name")
    }

    @Test(
        "a profile's name is 1 to 64 letters, digits, dots, underscores and hyphens",
        arguments: [
            ("a", true), ("A.b_c-9", true), (String(repeating: "x", count: 64), true),
            (String(repeating: "x", count: 65), false),
            ("", false), ("a/b", false), ("ä", false), ("a b", false), ("a\n", false),
        ])
    func names(name: String, isValid: Bool) {
        #expect(Profile.isValid(name: name) == isValid)
    }

    @Test("http is for loopback hosts alone")
    func http() throws {
        let text = "[profile work]\nclient_id = x\nissuer = "
        #expect(
            try Self.read(text + "http://127.0.0.1:9000").profile("work")?.issuer.description
                == "http://127.0.0.1:9000/")
        #expect(try Self.error([text + "http://acme.com"])?.key == "issuer")
    }

    @Test("forwarded_for needs a client that authenticates with its secret")
    func forwardedFor() throws {
        #expect(
            try Self.profile("client_auth = client_secret_basic", "forwarded_for = 192.0.2.1").forwardedFor
                == .address("192.0.2.1"))
        #expect(throws: ConfigurationError.self) {
            try Self.profile("client_auth = private_key_jwt", "forwarded_for = ssh")
        }
    }

    @Test(
        "what is no key file is an error with the file's name",
        arguments: ["nonsense", "[agent", "[agent]\nnonsense", "key = 1"])
    func syntax(text: String) throws {
        #expect(try Self.error([text])?.file.hasSuffix("0.conf") ?? false)
    }
}
