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
            ("home", [.domain: "b.com", .clientID: "x\nscope=y"]),
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
            #expect(await fixture.agent.status(GetStatus()).configError?.contains("wait") == true)
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
            #expect(await next.status(GetStatus()).profiles.isEmpty)
        }
    }
}
