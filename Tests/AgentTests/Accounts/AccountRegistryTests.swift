import PosternProtocol
import Testing

@testable import Agent

@Suite("Profiles by name")
struct AccountRegistryTests {
    private static let second = ["[profile home]", "domain = b.com", "client_id = x"]

    @Test("the only profile is the default")
    func only() async throws {
        try await AgentFixture.run(isServing: false) { fixture in
            let account = try await fixture.agent.account(nil)
            #expect(await account.profile.name == "work")
        }
    }

    @Test("of several none is, unless the configuration says which")
    func several() async throws {
        try await AgentFixture.run(isServing: false, Self.second) { fixture in
            let error = await fixture.tokenError()
            #expect(error?.code == .unknownProfile)
            #expect(error?.data.profiles == ["work", "home"])
        }
        try await AgentFixture.run(isServing: false, Self.second, agentSettings: ["default_profile = home"]) {
            fixture in
            let account = try await fixture.agent.account(nil)
            #expect(await account.profile.name == "home")
        }
    }

    @Test("a name that is not there is 1002, with those that are")
    func unknown() async throws {
        try await AgentFixture.run(isServing: false) { fixture in
            let error = await failure { () async throws(AgentError) in _ = try await fixture.agent.account("wrok") }
            #expect(error?.code == .unknownProfile)
            #expect(error?.data.profiles == ["work"])
        }
    }
}
