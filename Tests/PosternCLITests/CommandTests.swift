import ArgumentParser
import Glibc
import PosternProtocol
import Testing

@testable import postern

@Suite("the other commands")
struct CommandTests {
    private static let status = """
        {"version":"0.1.0","started_at":1700000000,"locked":false,"keyring":"locked","counters":{},\
        "config_file":"/home/ada/postern.conf","config_error":"line 3","profiles":[\
        {"name":"work","issuer":"https://acme.example/","state":"signed_in","access_expires_at":4000000000,\
        "account":{"sub":"email|1","email":"ada@example.com","name":"Ada"},"persist":"keyring","saved":false},\
        {"name":"home","issuer":"https://home.example/","state":"login_required","persist":"keyring","saved":true}]}
        """

    private func run(_ method: String, _ result: String, _ arguments: String...) throws -> Session.Ending {
        try Session(script: [.init(method: method, reply: .result(result))]).run(arguments)
    }

    @Test("status says in words how everything stands")
    func status() throws {
        let ending = try run("agent.status", Self.status, "status")
        #expect(ending.status == 0)
        for words in [
            "running since 2023-11-14 22:13", "locked: sign-ins cannot be loaded", "not in force: line 3",
            "work: signed in as Ada <ada@example.com>", "not saved", "home: sign-in needed", "postern login home",
        ] {
            #expect(ending.output.contains(words))
        }
        #expect(!ending.output.contains("\u{1B}"))
    }

    @Test("status of one profile shows that one; of one that is not there is 66")
    func oneProfile() throws {
        let ending = try run("agent.status", Self.status, "status", "--profile", "home")
        #expect(ending.output.contains("home:") && !ending.output.contains("work:"))
        let unknown = try run("agent.status", Self.status, "status", "--profile", "x")
        #expect(unknown.status == 66)
        #expect(unknown.words.contains("Profiles: work, home"))
        #expect(unknown.output.isEmpty)
    }

    @Test("status --json passes on a state that is newer than this version")
    func newerStatus() throws {
        let newer = Self.status.replacing("login_required", with: "hibernating")
        #expect(try run("agent.status", newer, "status", "--json").output == newer + "\n")
        #expect(try run("agent.status", newer, "status").status == 70)
    }

    @Test("profiles is a table with a line for each")
    func profiles() throws {
        let json = #"{"profiles":["# + String(Self.status.split(separator: "[", maxSplits: 1)[1].dropLast(2)) + "]}"
        let ending = try run("profile.list", json, "profiles")
        #expect(
            ending.output == """
                work  signed in       ada@example.com  https://acme.example/
                home  sign-in needed  -                https://home.example/

                """)
    }

    @Test("whoami names the person and never shows the token")
    func whoAmI() throws {
        let json = """
            {"id_token":"eyJ.secret","profile":"work","claims":{"sub":"email|1","iss":"https://acme.example/",\
            "email":"ada@example.com","name":"Ada","exp":1}}
            """
        let ending = try run("idtoken.get", json, "whoami", "work")
        #expect(ending.output.hasPrefix("Ada <ada@example.com>\n"))
        #expect(!ending.output.contains("eyJ"))
        #expect(try run("idtoken.get", json, "idtoken").output == "eyJ.secret\n")
    }

    @Test("logout exits 75 if something remains to be done, and says what")
    func logout() throws {
        let done = try run("logout", #"{"revoked":true,"deleted":true}"#, "logout", "work")
        #expect(done.status == 0)
        #expect(done.output.isEmpty)
        let kept = try run("logout", #"{"revoked":true,"deleted":false,"reason":"keyring locked"}"#, "logout")
        #expect(kept.status == 75)
        #expect(kept.words.contains("keyring locked"))
        #expect(try run("logout", #"{"revoked":false,"deleted":true}"#, "logout").status == 75)
        let unasked = try run("logout", #"{"revoked":false,"deleted":true}"#, "logout", "--no-revoke")
        #expect(unasked.status == 0)
        #expect(unasked.params == [.object(["revoke": .bool(false)])])
    }

    @Test("logout --all goes on after a failure, and reports it")
    func logoutAll() throws {
        let json = #"{"profiles":["# + String(Self.status.split(separator: "[", maxSplits: 1)[1].dropLast(2)) + "]}"
        let failure = #"{"code":1006,"message":"Not reached.","data":{"reason":"offline","retryable":true}}"#
        let session = Session(script: [
            .init(method: "profile.list", reply: .result(json)), .init(method: "logout", reply: .error(failure)),
            .init(method: "logout", reply: .result(#"{"revoked":true,"deleted":true}"#)),
        ])
        let ending = try session.run("logout", "--all", "--json")
        #expect(ending.status == 75)
        #expect(ending.output == #"{"home":{"revoked":true,"deleted":true}}"# + "\n")
        #expect(ending.words.contains(failure))
        #expect(try Session().run("logout", "--all", "work").status == 64)
    }

    @Test("reload prints the profiles in force")
    func reload() throws {
        #expect(try run("agent.reload", #"{"profiles":["a","b"]}"#, "reload").output == "a\nb\n")
    }

    @Test("profile add has a flag for every key of the configuration", arguments: AddProfile.Key.allCases)
    func settings(key: AddProfile.Key) throws {
        guard key != .name else { return }
        let flag = "--" + key.rawValue.replacing("_", with: "-")
        #expect(try ProfileSettings.parse([flag, "v"]).given == [key: "v"])
    }

    @Test("profile add and remove send the name and the settings given")
    func profile() throws {
        let added = try run("profile.add", "{}", "profile", "add", "work", "--domain", "d", "--refresh-margin", "60")
        #expect(added.status == 0)
        #expect(
            added.params == [
                .object(["name": .string("work"), "domain": .string("d"), "refresh_margin": .string("60")])
            ])
        #expect(
            try run("profile.remove", "{}", "profile", "remove", "work").params == [.object(["name": .string("work")])])
        let kept = try run("profile.remove", "{}", "profile", "remove", "work", "--keep")
        #expect(kept.params == [.object(["name": .string("work"), "keep": .bool(true)])])
        #expect(kept.status == 0)
    }

    @Test(
        "profile remove says what the sign-out came to, and exits as logout does",
        arguments: [
            (#"{"revoked":true,"deleted":true}"#, 0), (#"{"revoked":false,"deleted":true,"reason":"offline"}"#, 75),
            (#"{"revoked":true,"deleted":false}"#, 75), (#"{"reason":"the file is bad"}"#, 75), ("{}", 0),
        ])
    func removal(answer: String, status: Int32) throws {
        let ending = try run("profile.remove", answer, "profile", "remove", "work")
        #expect(ending.status == status)
        #expect(ending.words.contains("Removed profile work."))
        #expect(ending.output.isEmpty)
    }

    @Test(
        "a client secret is taken from stdin less one newline, a PEM block as a private key",
        arguments: [
            ("s3cret\n", "secret", "s3cret"), ("s3cret", "secret", "s3cret"), (" a\n\n", "secret", " a\n"),
            (
                "-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n", "private_key",
                "-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n"
            ),
        ])
    func clientSecret(input: String, member: String, value: String) throws {
        let session = Session(
            script: [.init(method: "client_secret.set", reply: .result("{}"))], input: .text(input))
        let ending = try session.run("client-secret", "set", "work")
        #expect(ending.status == 0)
        #expect(ending.params == [.object(["profile": .string("work"), member: .string(value)])])
    }

    @Test("typed, a client secret does not show, and the terminal is put back")
    func hiddenSecret() throws {
        let session = Session(
            script: [.init(method: "client_secret.set", reply: .result("{}"))],
            input: .terminal([("work: ", .type("s3cret\n"))]))
        let ending = try session.run("client-secret", "set", "work")
        #expect(ending.status == 0)
        #expect(ending.params == [.object(["profile": .string("work"), "secret": .string("s3cret")])])
        #expect(!ending.words.contains("s3cret"))
        #expect(ending.echoes)
    }

    @Test("a private key can be pasted at the hidden prompt")
    func pastedKey() throws {
        let session = Session(
            script: [.init(method: "client_secret.set", reply: .result("{}"))],
            input: .terminal([("work: ", .type("-----BEGIN KEY-----\nMC4=\n-----END KEY-----\n"))]))
        let ending = try session.run("client-secret", "set", "work")
        #expect(
            ending.params == [
                .object([
                    "profile": .string("work"),
                    "private_key": .string("-----BEGIN KEY-----\nMC4=\n-----END KEY-----\n"),
                ])
            ])
        #expect(!ending.words.contains("MC4="))
    }

    @Test("Ctrl-C at the hidden prompt puts the terminal back and sends nothing")
    func interruptedSecret() throws {
        let session = Session(input: .terminal([("work: ", .signal(SIGINT))]))
        let ending = try session.run("client-secret", "set", "work")
        #expect(ending.status == 130)
        #expect(ending.echoes)
        #expect(ending.requests.isEmpty)
    }

    @Test("colour is for terminals, and NO_COLOR turns it off")
    func colour() throws {
        let failing = #"{"code":1006,"message":"Not reached.","data":{"reason":"offline","retryable":true}}"#
        var session = Session(script: [.init(method: "token.get", reply: .error(failing))], input: .terminal([]))
        #expect(try session.run("token").words.contains("\u{1B}[31m"))
        session.environment = ["NO_COLOR": "1"]
        #expect(try !session.run("token").words.contains("\u{1B}"))
    }
}
