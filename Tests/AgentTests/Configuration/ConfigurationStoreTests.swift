import Auth0
import DevTenant
import Foundation
import PosternProtocol
import Testing

@testable import Agent

@Suite("Editing the configuration")
struct ConfigurationStoreTests {
    private static func add(
        _ name: String, _ settings: [AddProfile.Key: String], to fixture: AgentFixture
    ) async -> AgentError? {
        await failure { () async throws(AgentError) in
            _ = try await fixture.agent.addProfile(AddProfile(name: name, settings: settings))
        }
    }

    @Test("an added profile is in force at once, and comments stay")
    func add() async throws {
        try await AgentFixture.run(isServing: false) { fixture in
            let old = try String(contentsOfFile: fixture.files.configurationPath, encoding: .utf8)
            try fixture.files.writeConfiguration(["# mine", old, "# the end"])
            #expect(
                await Self.add("home", [.domain: "b.com", .clientID: "x", .scope: "openid email"], to: fixture) == nil)
            #expect(try await fixture.agent.account("home").profile.scope == "openid email")
            let text = try String(contentsOfFile: fixture.files.configurationPath, encoding: .utf8)
            #expect(text.hasPrefix("# mine\n"))
            #expect(text.contains("# the end"))
            #expect(text.contains("[profile home]"))
        }
    }

    @Test("a profile for which the file has no room is not written, and what there is can still be read and taken out")
    func tooLarge() async throws {
        try await AgentFixture.run(isServing: false) { fixture in
            let old = try String(contentsOfFile: fixture.files.configurationPath, encoding: .utf8)
            let room = PrivateFile.limit - old.utf8.count - 100
            try fixture.files.writeConfiguration([old, "[profile old]", "domain = b.com", "client_id = x"])
            let filled =
                old + "\n[profile old]\ndomain=b.com\nclient_id=x\n# " + String(repeating: "x", count: room - 60) + "\n"
            try fixture.files.writeConfiguration([filled])
            try await fixture.agent.applyConfiguration()
            let scope = "openid " + String(repeating: "s", count: 1000)
            let error = await Self.add("home", [.domain: "b.com", .clientID: "x", .scope: scope], to: fixture)
            #expect(error?.code == .misconfigured)
            try await fixture.agent.applyConfiguration()
            _ = try await fixture.agent.removeProfile(RemoveProfile(name: "old", keep: true))
            #expect(
                try String(contentsOfFile: fixture.files.configurationPath, encoding: .utf8).contains("[profile work]"))
        }
    }

    @Test("values to which a record is bound have lengths", arguments: [AddProfile.Key.scope, .audience, .clientID])
    func lengths(key: AddProfile.Key) async throws {
        try await AgentFixture.run(isServing: false) { fixture in
            var settings: [AddProfile.Key: String] = [.domain: "b.com", .clientID: "x"]
            settings[key] = String(repeating: "x", count: 5000)
            #expect(await Self.add("home", settings, to: fixture)?.code == .invalidParams)
        }
    }

    @Test("a file that is a link stays one, with its target's mode")
    func link() async throws {
        try await AgentFixture.run(isServing: false) { fixture in
            let (path, target) = (fixture.files.configurationPath, fixture.files.root + "/dotfiles.conf")
            try FileManager.default.moveItem(atPath: path, toPath: target)
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: target)
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
            #expect(await Self.add("home", [.domain: "b.com", .clientID: "x"], to: fixture) == nil)
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path) == target)
            #expect(try String(contentsOfFile: target, encoding: .utf8).contains("[profile home]"))
            #expect(try FileManager.default.attributesOfItem(atPath: target)[.posixPermissions] as? Int == 0o640)
        }
    }

    @Test("a removed profile is gone at once, and its neighbours and comments stay")
    func remove() async throws {
        try await AgentFixture.run(isServing: false) { fixture in
            let old = try String(contentsOfFile: fixture.files.configurationPath, encoding: .utf8)
            try fixture.files.writeConfiguration(["# mine", old])
            _ = await Self.add("home", [.domain: "b.com", .clientID: "x"], to: fixture)
            _ = try await fixture.agent.removeProfile(RemoveProfile(name: "home"))
            let gone = await failure { () async throws(AgentError) in _ = try await fixture.agent.account("home") }
            #expect(gone?.code == .unknownProfile)
            let text = try String(contentsOfFile: fixture.files.configurationPath, encoding: .utf8)
            #expect(text.hasPrefix("# mine\n") && text.contains("[profile work]") && !text.contains("home"))
        }
    }

    @Test(
        "a setting that is wrong changes nothing",
        arguments: [
            ("home", [AddProfile.Key.domain: "b.com"]), ("home", [.clientID: "x"]),
            ("a b", [.domain: "b.com", .clientID: "x"]),
            ("home", [.domain: "https://b.com", .clientID: "x"]), ("work", [.domain: "b.com", .clientID: "x"]),
            ("home", [.domain: "b.com", .clientID: "x", .persist: "disk"]),
            ("x]\n[agent", [.domain: "b.com", .clientID: "x"]),
            ("home", [.domain: "b.com", .clientID: "x\nscope=y"]), ("home\u{0}x", [.domain: "b.com", .clientID: "x"]),
            ("home", [.domain: "b.com", .clientID: "x\u{0}y"]), ("home", [.domain: "b.com", .clientID: "x # y"]),
            ("home", [.domain: "b.com", .clientID: "'x'"]), ("home", [.domain: "b.com", .clientID: "a\tb"]),
            ("", [.domain: "b.com", .clientID: "x"]), ("home", [.domain: "b.com", .clientID: "x\r"]),
            ("home", [.domain: "b.com", .clientID: "x\u{202E}"]),
        ])
    func badSetting(name: String, settings: [AddProfile.Key: String]) async throws {
        try await AgentFixture.run(isServing: false) { fixture in
            let old = try String(contentsOfFile: fixture.files.configurationPath, encoding: .utf8)
            #expect(await Self.add(name, settings, to: fixture)?.code == .invalidParams)
            #expect(try String(contentsOfFile: fixture.files.configurationPath, encoding: .utf8) == old)
        }
    }

    @Test("a new file is for the user alone")
    func mode() async throws {
        try await AgentFixture.run(isServing: false) { fixture in
            try FileManager.default.removeItem(atPath: fixture.files.configurationPath)
            try await fixture.agent.applyConfiguration()
            _ = await Self.add("home", [.domain: "b.com", .clientID: "x"], to: fixture)
            let attributes = try FileManager.default.attributesOfItem(atPath: fixture.files.configurationPath)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test("a bad new file leaves the one in force, says so in status, and is 1015 to who asked")
    func badReload() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            try fixture.files.writeConfiguration(["[agent]", "wait = soon"])
            let error = await failure { () async throws(AgentError) in _ = try await fixture.agent.reload(Reload()) }
            #expect(error?.code == .misconfigured)
            #expect(try await fixture.agent.status(GetStatus()).configError?.contains("wait") == true)
            #expect(try await fixture.token().from == .cache)
        }
    }

    @Test("a reload keeps the tokens of a profile that still means the same, and drops those of another")
    func reload() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let lines = ["[profile work]", "issuer = \(await fixture.tenant.issuer)", "client_id = postern-dev"]
            try fixture.files.writeConfiguration(lines + ["refresh_margin = 60"])
            _ = try await fixture.agent.reload(Reload())
            #expect(try await fixture.token().from == .cache)
            try fixture.files.writeConfiguration(lines + ["audience = https://api.example.com"])
            _ = try await fixture.agent.reload(Reload())
            #expect(await fixture.tokenError()?.code == .loginRequired)
        }
    }

    @Test("a file that is bad at the start leaves the agent without profiles: 1015")
    func badStart() async throws {
        try await AgentFixture.run(isServing: false) { fixture in
            try fixture.files.writeConfiguration(["[agent]", "wait = soon"])
            let next = fixture.unconfigured()
            await #expect(throws: ConfigurationError.self) { try await next.applyConfiguration() }
            let error = await failure { () async throws(AgentError) in _ = try await next.token(GetToken()) }
            #expect(error?.code == .misconfigured)
            #expect(try await next.status(GetStatus()).profiles.isEmpty)
        }
    }

    @Test(
        "an added value reads back as the same, whatever the file's syntax makes of it",
        arguments: [#"a\nb"#, #"\s"#, "[x]", "a=b", #"a\"#, "x;y", "a#b"])
    func readsBack(value: String) async throws {
        try await AgentFixture.run(isServing: false) { fixture in
            #expect(await Self.add("home", [.domain: "b.com", .clientID: value], to: fixture) == nil)
            let profile = try await fixture.agent.account("home").profile
            #expect(profile.clientID == value)
        }
    }

    @Test("a removed profile is signed out first")
    func removeSignsOut() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let answer = try await fixture.agent.removeProfile(RemoveProfile(name: "work"))
            #expect(answer == RemoveProfile.Response(revoked: true, deleted: true))
            #expect(await fixture.tenant.requests(to: .revoke).count == 1)
            #expect(fixture.store.record() == nil)
        }
    }

    @Test("with keep nobody is signed out and nothing is said about it")
    func removeKeeping() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let answer = try await fixture.agent.removeProfile(RemoveProfile(name: "work", keep: true))
            #expect(answer == RemoveProfile.Response())
            #expect(await fixture.tenant.requests(to: .revoke).isEmpty)
            #expect(fixture.store.record() != nil)
        }
    }

    @Test("what cannot be signed out is removed all the same, and said")
    func removeUnreachable() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            fixture.store.fail(.locked)
            let answer = try await fixture.agent.removeProfile(RemoveProfile(name: "work"))
            #expect(answer.deleted == false)
            let gone = await failure { () async throws(AgentError) in _ = try await fixture.agent.account("work") }
            #expect(gone?.code == .unknownProfile)
        }
    }

    @Test(
        "a name that no profile can have removes nothing and signs nobody out",
        arguments: ["work\u{0}x", "work\n", "", "work]", "../work", " work", "nobody"])
    func removeStrange(name: String) async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let error = await failure { () async throws(AgentError) in
                _ = try await fixture.agent.removeProfile(RemoveProfile(name: name))
            }
            #expect(error?.code == .unknownProfile)
            #expect(try await fixture.token().from == .cache)
            #expect(
                try String(contentsOfFile: fixture.files.configurationPath, encoding: .utf8).contains("[profile work]"))
        }
    }

    @Test("one that stands in the file already is not written over, also if it is not in force yet")
    func addToFile() async throws {
        try await AgentFixture.run(isServing: false) { fixture in
            let old = try String(contentsOfFile: fixture.files.configurationPath, encoding: .utf8)
            try fixture.files.writeConfiguration([old, "[profile late]", "domain = a.com", "client_id = a"])
            let before = try String(contentsOfFile: fixture.files.configurationPath, encoding: .utf8)
            let request = AddProfile(name: "late", settings: [.domain: "b.com", .clientID: "b"])
            let error = await failure { () async throws(AgentError) in
                _ = try await fixture.agent.addProfile(request)
            }
            #expect(error?.code == .invalidParams)
            #expect(try String(contentsOfFile: fixture.files.configurationPath, encoding: .utf8) == before)
        }
    }

    @Test("a profile of the system's file cannot be removed, and stays signed in")
    func removeSystems() async throws {
        try await AgentFixture.run { fixture in
            let directory = fixture.files.root + "/system/postern"
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            try FileManager.default.moveItem(
                atPath: fixture.files.configurationPath, toPath: directory + "/postern.conf")
            var environment = fixture.files.environment
            environment["XDG_CONFIG_DIRS"] = fixture.files.root + "/system"
            let store = ConfigurationStore(files: ConfigurationFiles(environment: environment))
            let error = await failure { () async throws(AgentError) in try await store.checkRemovable("work") }
            #expect(error?.code == .misconfigured)
            #expect(error?.message.contains(directory) == true)
        }
    }

    @Test(
        "a bad file's group is removed when its profile is not in force, and the answer says that nobody was signed out"
    )
    func removeFromBadFile() async throws {
        try await AgentFixture.run(isServing: false) { fixture in
            let old = try String(contentsOfFile: fixture.files.configurationPath, encoding: .utf8)
            try fixture.files.writeConfiguration([old, "[profile bad]", "domain = b.com"])
            let agent = fixture.unconfigured()
            await #expect(throws: ConfigurationError.self) { try await agent.applyConfiguration() }
            let answer = try await agent.removeProfile(RemoveProfile(name: "bad"))
            #expect(answer.revoked == false && answer.deleted == false && answer.reason != nil)
            #expect(try await agent.account("work").profile.name == "work")
        }
    }

    @Test("a reload reads ca_file again, also where the configuration's text is the same")
    func anchors() async throws {
        try await AgentFixture.run(isServing: false) { fixture in
            func certificate() throws -> String {
                var options = Options()
                options.usesTLS = true
                return try #require(try DevTenant(options).caCertificatePEM)
            }
            let path = fixture.files.root + "/ca.pem"
            try certificate().write(toFile: path, atomically: true, encoding: .utf8)
            try await fixture.reconfigure(adding: ["ca_file = \(path)"])
            let first = try #require(try await fixture.agent.account("work").profile.trustAnchors)
            try certificate().write(toFile: path, atomically: true, encoding: .utf8)
            _ = try await fixture.agent.reload(Reload())
            let second = try #require(try await fixture.agent.account("work").profile.trustAnchors)
            #expect(first != second && second.digests.count == 1)
        }
    }
}
