import DevTenant
import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Configuration")
struct ConfigurationTests {
    @Test("an unknown key is answered with file, group, key and the key that was meant")
    func unknownKey() async throws {
        try await withRunningAgent(profile: ["client_idd": "x"], provider: .none) { agent in
            let error = try #require(try await agent.call("agent.status")["config_error"]?.string)
            for part in [agent.configurationFile.path, "[profile work]", "client_idd", "did you mean \"client_id\""] {
                #expect(error.contains(part), "\(error)")
            }
            let login = try await agent.postern("login")
            #expect(login.exit == .status(78))
            #expect(login.error.contains("client_idd"))
            #expect(try await agent.refusal(of: "token.get")?.code == 1015)
            #expect(try await agent.postern("status").output.contains("client_idd"))
            #expect(await agent.log.contains("client_idd"))
        }
    }

    @Test(
        "a bad value names its place",
        arguments: [
            ("persist", "disk"), ("client_auth", "secret"), ("refresh_margin", "soon"),
            ("issuer", "http://tenant.example/"),
            ("connection", "sms"), ("forwarded_for", "ssh"),
        ])
    func badValue(_ key: String, _ value: String) async throws {
        try await withRunningAgent(profile: [key: value], provider: .none) { agent in
            let error = try #require(try await agent.call("agent.status")["config_error"]?.string)
            // A phone number is missing where the connection is sms: that is said of the address.
            #expect(error.contains("[profile work] \(key == "connection" ? "username" : key)"), "\(error)")
        }
    }

    @Test("without a file there are no profiles, and nothing is wrong")
    func missing() async throws {
        try await withRunningAgent(provider: .none, starting: false) { agent in
            try FileManager.default.removeItem(at: agent.configurationFile)
            try await agent.start()
            let status = try await agent.call("agent.status")
            #expect(status["config_error"] == nil && status["profiles"] == [])
            #expect(try await agent.postern("token").exit == .status(66))
        }
    }

    @Test("of several profiles, one that is not named must be the default")
    func defaultProfile() async throws {
        try await withRunningAgent(provider: .none) { agent in
            let profiles = await agent.profile("work") + agent.profile("home")
            try agent.configure(profiles)
            #expect(try await agent.postern("reload").exit == .status(0))
            let refusal = try await agent.refusal(of: "login.start")
            #expect(refusal?.code == 1002 && refusal?.data["profiles"] == ["work", "home"])
            try agent.configure("[agent]\ndefault_profile = home\n" + profiles)
            #expect(try await agent.postern("reload").exit == .status(0))
            #expect(try await agent.refusal(of: "token.get")?.data["profile"] == "home")
            let environment = agent.environment.merging(["POSTERN_PROFILE": "work"]) { $1 }
            let token = try await withDeadline {
                try await ChildProcess.run(RunningAgent.command, ["token", "--json"], environment: environment)
            }
            #expect(JSON(text: token.error)?["data"]?["profile"] == "work")
        }
    }

    @Test("the user's file is laid over the system's, key by key")
    func layers() async throws {
        try await withRunningAgent(provider: .none, starting: false) { agent in
            let directory = try #require(agent.environment["XDG_CONFIG_DIRS"]) + "/postern"
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            try Data(await agent.profile("work", ["audience": "https://system", "username": "x@example.com"]).utf8)
                .write(to: URL(filePath: directory + "/postern.conf"))
            try agent.configure("[profile work]\nusername = ada@example.com\npersist = memory\n")
            try await agent.start()
            let status = try await agent.status()
            #expect(status["audience"] == "https://system" && status["persist"] == "memory")
            let login = try await agent.call("login.start")
            #expect(login["step"]?["kind"] == "code")
            #expect(await agent.tenant.messages.map(\.to) == [RunningAgent.person])
        }
    }

    @Test("SIGHUP and postern reload read the file anew; a bad one leaves the old in force")
    func reload() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let token = try await agent.token()
            let good = await agent.profile("work") + agent.profile("home")
            try agent.configure(good)
            await agent.send(SIGHUP)
            try await agent.notified("Serving 2 profiles")
            #expect(try await agent.token(["profile": "work"]) == token, "a reload keeps the tokens")

            try agent.configure(good + "[profil other]\n")
            let reload = try await agent.postern("reload")
            #expect(reload.exit == .status(78))
            #expect(reload.error.contains("did you mean \"profile\""))
            #expect(try await agent.call("agent.status")["config_error"]?.string?.contains("[profil other]") == true)
            #expect(try await agent.token(["profile": "work"]) == token, "the old configuration stays in force")
            await agent.send(SIGHUP)
            try await agent.logged("The configuration is not in force")

            try agent.configure(good)
            #expect(try await agent.postern("reload").exit == .status(0))
            #expect(try await agent.call("agent.status")["config_error"] == nil)
        }
    }

    @Test("profiles are added and removed without touching what else the file says")
    func edits() async throws {
        try await withRunningAgent(provider: .none) { agent in
            let before = "# Mine.\n\n" + (await agent.profile()) + "# About work.\n"
            try agent.configure(before)
            let add = try await agent.postern(
                "profile", "add", "home", "--domain", "acme.eu.auth0.com", "--client-id", "abc", "--persist", "memory")
            #expect(add.exit == .status(0), "\(add.error)")
            let text = try String(contentsOf: agent.configurationFile, encoding: .utf8)
            #expect(text.hasPrefix("# Mine.\n") && text.contains("# About work.\n"))
            #expect(text.contains("[profile home]"))
            guard case .array(let profiles)? = try await agent.call("profile.list")["profiles"] else { return }
            #expect(profiles.map { $0["name"] } == ["work", "home"])
            #expect(profiles.last?["issuer"] == "https://acme.eu.auth0.com/")

            let wrong = try await agent.postern(
                "profile", "add", "bad", "--domain", "d.example", "--client-id", "x", "--persist", "disk")
            #expect(wrong.exit == .status(64) && wrong.error.contains("persist"))
            #expect(try String(contentsOf: agent.configurationFile, encoding: .utf8) == text)

            #expect(try await agent.postern("profile", "remove", "home").exit == .status(0))
            let after = try String(contentsOf: agent.configurationFile, encoding: .utf8)
            // GKeyFile leaves no spaces around the equals sign.
            let lines = before.replacing(" = ", with: "=").split(separator: "\n")
            #expect(after.split(separator: "\n") == lines)
            #expect(try await agent.postern("profile", "remove", "home").exit == .status(66))
        }
    }

    @Test("a tenant with a certificate of its own is believed with ca_file, and not without")
    func certificate() async throws {
        var options = Options()
        options.usesTLS = true
        try await withRunningAgent(options) { agent in
            let refusal = try await agent.refusal(of: "login.start")
            #expect(refusal?.code == 1006 && refusal?.cause == "tls")
            let file = agent.desktop.home.appending(path: "ca.pem")
            try Data(try #require(agent.tenant.caCertificatePEM).utf8).write(to: file)
            try agent.configure(await agent.profile("work", ["ca_file": file.path]))
            try await agent.call("agent.reload")
            #expect(try await agent.login().exit == .status(0))
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
        }
    }
}
