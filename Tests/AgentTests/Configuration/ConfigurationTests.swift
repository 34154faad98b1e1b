import Auth0
import Foundation
import PosternProtocol
import Testing

@testable import Agent

@Suite("The configuration")
struct ConfigurationTests {
    @Test("a missing and an empty file are the defaults")
    func defaults() throws {
        #expect(try Configuration.read(["/nonexistent/postern.conf"]) == Configuration())
        let agent = try ConfigurationText.read("").agent
        #expect(agent.defaultProfile == nil)
        #expect(agent.minTTL == 60)
        #expect(agent.wait == 20)
        #expect(agent.maxConnections == 256)
        #expect(agent.keepUnsaved)
    }

    @Test("a profile needs a domain and a client_id; the rest has defaults")
    func profileDefaults() throws {
        let profile = try ConfigurationText.profile()
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
        let profile = try ConfigurationText.profile(
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
        let agent = try ConfigurationText.read("[agent]\nmin_ttl=1\nwait=2\nmax_connections=3\nkeep_unsaved=no").agent
        #expect(agent.minTTL == 1)
        #expect(agent.wait == 2)
        #expect(agent.maxConnections == 3)
        #expect(!agent.keepUnsaved)
    }

    @Test("openid is always requested")
    func openID() throws {
        #expect(try ConfigurationText.profile("scope = email").scope == "openid email")
        #expect(try ConfigurationText.profile("scope = email openid").scope == "email openid")
    }

    @Test("the user's file overrides the system's key by key")
    func layers() throws {
        let system = "[agent]\nwait=5\nmin_ttl=7\n[profile work]\ndomain=acme.com\nclient_id=abc\naudience=https://a"
        let configuration = try ConfigurationText.read(
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
        #expect(try ConfigurationText.error([good, "[agent]\nwait=x"])?.file.hasSuffix("1.conf") ?? false)
        #expect(try ConfigurationText.error(["[agent]\nwait=x", good])?.file.hasSuffix("0.conf") ?? false)
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
        let error = try #require(try ConfigurationText.error([text]))
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
            ("send = link", "send"), ("confirm = always", "confirm"), ("lock = always", "lock"),
            ("issuer = https://b.com", "domain"), ("ca_file = /nonexistent.pem", "ca_file"),
            (#"username = a\nb@example.com"#, "username"),
        ])
    func badProfileValue(line: String, key: String) throws {
        let base = ["domain = acme.com", "client_id = abc"].filter { !line.hasPrefix($0.prefix { $0 != " " } + " ") }
        let error = try #require(
            try ConfigurationText.error([(["[profile work]"] + base + [line]).joined(separator: "\n")]))
        #expect(error.group == "profile work")
        #expect(error.key == key)
    }

    @Test("what is missing is named", arguments: [("client_id = abc", "domain"), ("domain = acme.com", "client_id")])
    func missing(line: String, key: String) throws {
        #expect(try ConfigurationText.error(["[profile work]\n\(line)"])?.key == key)
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
        #expect(try ConfigurationText.error([text])?.problem.contains("did you mean \"\(word)\"?") ?? false)
    }

    @Test("a word that is near to none is not guessed at")
    func noSuggestion() throws {
        #expect(try ConfigurationText.error(["[agent]\nxyzzyplugh = 1"])?.problem.contains("did you mean") == false)
    }

    @Test("name is not a key of a profile")
    func nameIsNoKey() throws {
        #expect(try ConfigurationText.error(["[profile work]\ndomain = a.com\nclient_id = x\nname = y"])?.key == "name")
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
            try ConfigurationText.read(text + "http://127.0.0.1:9000").profile("work")?.issuer.description
                == "http://127.0.0.1:9000/")
        #expect(try ConfigurationText.error([text + "http://acme.com"])?.key == "issuer")
    }

    @Test("forwarded_for needs a client that authenticates with its secret")
    func forwardedFor() throws {
        #expect(
            try ConfigurationText.profile("client_auth = client_secret_basic", "forwarded_for = 192.0.2.1").forwardedFor
                == .address("192.0.2.1"))
        #expect(throws: ConfigurationError.self) {
            try ConfigurationText.profile("client_auth = private_key_jwt", "forwarded_for = ssh")
        }
    }

    @Test("a directory in the file's place is an error that names it")
    func directory() throws {
        let files = try TestFiles()
        defer { files.remove() }
        let error = #expect(throws: ConfigurationError.self) { _ = try Configuration.read([files.root]) }
        #expect(error?.file == files.root)
    }

    @Test("a ca_file that is relative, none, no certificate or anybody's to write is an error")
    func caFiles() throws {
        let files = try TestFiles()
        defer { files.remove() }
        let path = files.root + "/ca.pem"
        try "nonsense".write(toFile: path, atomically: true, encoding: .utf8)
        for value in ["ca.pem", path, files.root, "/dev/null", "/nonexistent.pem"] {
            #expect(throws: ConfigurationError.self, "\(value)") {
                _ = try ConfigurationText.profile("ca_file = \(value)")
            }
        }
    }

    @Test("thousands of profiles and groups take no more than their number")
    func many() throws {
        let profiles = (0..<20_000).map { "[profile p\($0)]\ndomain=a.de\nclient_id=b" }.joined(separator: "\n")
        let clock = ContinuousClock()
        let start = clock.now
        let read = try ConfigurationText.read(profiles)
        #expect(read.profiles.count == 20_000)
        let groups = (0..<80_000).map { "[g\($0)]" }.joined(separator: "\n")
        let error = try ConfigurationText.error([groups])
        #expect(error != nil)
        #expect(clock.now - start < .seconds(60))
        let long = String(repeating: "x", count: 1_000_000)
        #expect(try ConfigurationText.error(["[agent]\n\(long)=1"]).map { $0.description.utf8.count < 1_000 } == true)
        #expect(try ConfigurationText.error(["[\(long)]"]).map { $0.description.utf8.count < 1_000 } == true)
        #expect(try ConfigurationText.error(["[agent]\nwait=\(long)"]).map { $0.problem.utf8.count < 1_000 } == true)
    }
}
