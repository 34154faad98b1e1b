import DevTenant
import Foundation
import TestSupport
import Testing

@Suite("Tokens")
struct TokenTests {
    static let api = "https://api.example.com"

    @Test("after a sign-in every command has its answer")
    func commands() async throws {
        try await withRunningAgent(profile: ["audience": Self.api]) { agent in
            try await agent.signIn()
            let token = try await agent.postern("token")
            #expect(token.exit == .status(0))
            #expect(token.output.split(separator: ".").count == 3 && token.output.hasSuffix("\n"))
            #expect(token.error.isEmpty)
            #expect(try await agent.postern("header").output == "Authorization: Bearer \(token.output)")

            let idToken = try await agent.postern("idtoken", "work")
            #expect(idToken.exit == .status(0))
            #expect(idToken.output.split(separator: ".").count == 3 && idToken.output != token.output)
            let person = try await agent.postern("whoami")
            #expect(person.exit == .status(0) && person.output.contains(RunningAgent.person))
            let status = try await agent.postern("status")
            #expect(status.exit == .status(0) && status.output.contains("signed in as"))
            let profiles = try await agent.postern("profiles")
            #expect(profiles.exit == .status(0) && profiles.output.hasPrefix("work "))
        }
    }

    @Test("--json prints the members that the protocol promises")
    func json() async throws {
        try await withRunningAgent(profile: ["audience": Self.api]) { agent in
            try await agent.signIn()
            let token = try #require(JSON(text: try await agent.postern("token", "--json").output))
            #expect(token["token_type"] == "Bearer" && token["profile"] == "work" && token["from"] == "cache")
            #expect(token["audience"] == .string(Self.api))
            #expect(token["scope"] == "openid profile email offline_access")
            let now = Int(Date.now.timeIntervalSince1970)
            let expiry = try #require(token["expires_at"]?.integer)
            #expect(abs(expiry - now - 86_400) < 60)
            #expect(abs(expiry - now - (token["expires_in"]?.integer ?? 0)) < 5)

            let idToken = try #require(JSON(text: try await agent.postern("idtoken", "--json").output))
            #expect(idToken["claims"]?["email"] == .string(RunningAgent.person) && idToken["profile"] == "work")
            #expect(idToken["id_token"]?.string?.split(separator: ".").count == 3)

            let status = try #require(JSON(text: try await agent.postern("status", "--json").output))
            #expect(status["locked"] == false && status["keyring"] == "available" && status["config_error"] == nil)
            #expect(status["config_file"]?.string == agent.configurationFile.path)
            guard case .array(let profiles)? = status["profiles"] else { throw POSIXError(.EBADMSG) }
            #expect(profiles.count == 1)
            let profile = try #require(profiles.first)
            #expect(profile["name"] == "work" && profile["state"] == "signed_in" && profile["saved"] == true)
            #expect(await profile["issuer"]?.string == agent.tenant.issuer)
            #expect(profile["persist"] == "keyring" && profile["audience"] == .string(Self.api))
            #expect(profile["account"]?["email"] == .string(RunningAgent.person))
            #expect(profile["access_expires_at"] == .integer(expiry))
            let end = try #require(profile["login_ends_at"]?.integer)
            #expect(abs(end - now - 2_592_000) < 60)

            let refusal = try await agent.postern("token", "nobody", "--json")
            #expect(refusal.output.isEmpty)
            #expect(JSON(text: refusal.error)?["code"] == 1002)
        }
    }

    @Test("curl reaches an API with what postern header prints")
    func curl() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let header = try await agent.postern("header").output
            let url = await agent.tenant.issuer + "userinfo"
            let answer = try await withDeadline {
                try await ChildProcess.run(
                    "curl", ["--silent", "--show-error", "--fail", "--header", "@-", url],
                    environment: agent.environment, input: header)
            }
            #expect(answer.exit == .status(0), "\(answer.error)")
            #expect(JSON(text: answer.output)?["email"] == .string(RunningAgent.person))
        }
    }

    @Test("force brings a new token, and saves the rotated refresh token before it hands it out")
    func savesFirst() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let old = try await agent.token()
            let before = try #require(try await agent.record()?["refresh_token"])
            await agent.tenant.order(.holdAnswer, at: .token, grant: .refreshToken)
            async let refreshed = agent.call("token.get", ["force": true])
            try await withDeadline { try await agent.tenant.requestHeld(at: .token, grant: .refreshToken) }
            let during = try #require(try await agent.record())
            #expect(during["refresh_token"] == before && during["refreshing_since"]?.integer != nil)
            #expect(try await agent.token() == old, "a cached token is served meanwhile")
            await agent.tenant.release()

            let token = try await refreshed
            #expect(token["from"] == "refresh" && token["access_token"]?.string != old)
            let after = try #require(try await agent.record())
            #expect(after["refresh_token"] != before && after["refresh_token"]?.string != nil)
            #expect(after["refreshing_since"] == nil)
            #expect(try await agent.desktop.items().count == 1)
        }
    }

    @Test("the newest refresh token is presented each time, after restarts as well")
    func presentsNewest() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            for _ in 1...2 { try await agent.call("token.get", ["force": true]) }
            try await agent.restart()
            try await agent.call("token.get", ["force": true])
            try await agent.crash()
            try await agent.start()
            try await agent.call("token.get", ["force": true])
            let presented = await agent.tenant.requests(to: .token, grant: .refreshToken).compactMap(\.refreshToken)
            #expect(presented.map(\.generation) == [0, 1, 2, 3])
            #expect(presented.allSatisfy { $0.generation == $0.latest })
        }
    }

    @Test("a tenant that does not rotate leaves the refresh token as it is")
    func keepsUnrotated() async throws {
        var options = Options()
        options.clients = [Client(refreshTokens: RefreshTokenPolicy(rotates: false))]
        try await withRunningAgent(options) { agent in
            try await agent.signIn()
            let before = try await agent.record()?["refresh_token"]
            for _ in 1...2 { try await agent.call("token.get", ["force": true]) }
            #expect(try await agent.record()?["refresh_token"] == before)
        }
    }

    @Test("one refresh serves all who report the same refused token")
    func rejected() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let refused = try await agent.postern("token").output
            let replacements = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<8 {
                    group.addTask { try await agent.postern("token", "--rejected", "-", input: refused).output }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(replacements.count == 1 && !replacements.contains(refused) && !replacements.contains(""))
            #expect(await agent.tenant.requests(to: .token, grant: .refreshToken).count == 1)
        }
    }

    @Test("min_ttl beyond any token's life is 1017, and the rotated refresh token is kept all the same")
    func unavailableTTL() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            try await agent.restartWithExpiredTokens()
            let refusal = try await agent.postern("token", "--min-ttl", "90000")
            #expect(refusal.exit == .status(65))
            #expect(await agent.tenant.requests(to: .token, grant: .refreshToken).count == 1)
            let again = try await agent.refusal(of: "token.get", ["min_ttl": 90_000])
            #expect(again?.code == 1017 && again?.reason == "ttl_unavailable")
            #expect(await agent.tenant.requests(to: .token, grant: .refreshToken).count == 1, "answered from memory")
            try await agent.restart()
            try await agent.call("token.get", ["force": true])
            #expect(await agent.tenant.requests(to: .token, grant: .refreshToken).last?.status == 200)
        }
    }

    @Test("a scope that the request named and the tenant dropped is 1018")
    func scopeNotGranted() async throws {
        let scope = "openid profile email offline_access read:messages"
        try await withRunningAgent(profile: ["audience": Self.api, "scope": scope]) { agent in
            try await agent.signIn()
            let narrow = try await agent.call("token.get", ["scope": "openid read:messages"])
            #expect(Set(narrow["scope"]?.string?.split(separator: " ") ?? []) == ["openid", "read:messages"])
            #expect(try await narrow["access_token"]?.string != agent.token())
            let refusal = try await agent.refusal(of: "token.get", ["scope": "read:messages write:messages"])
            #expect(refusal?.code == 1018 && refusal?.data["missing"] == ["write:messages"])
            let count = await agent.tenant.requests(to: .token, grant: .refreshToken).count
            #expect(
                try await agent.postern("token", "--scope", "read:messages write:messages").exit == .status(77))
            #expect(await agent.tenant.requests(to: .token, grant: .refreshToken).count == count)
        }
    }

    @Test("a declared further audience has its own token, an undeclared one is refused")
    func audiences() async throws {
        let billing = "https://billing.example.com"
        var options = Options()
        options.apis = [API(), API(identifier: billing, scopes: ["read:bills"])]
        options.clients = [
            Client(refreshTokens: .init(resources: [.init(audience: billing, scopes: ["read:bills"])]))
        ]
        try await withRunningAgent(options, profile: ["audience": Self.api, "audiences": billing]) { agent in
            try await agent.signIn()
            let bills = try await agent.call("token.get", ["audience": .string(billing)])
            #expect(bills["audience"] == .string(billing) && bills["from"] == "refresh")
            #expect(try await bills["access_token"]?.string != agent.token())
            #expect(try await agent.call("token.get", ["audience": .string(billing)])["from"] == "cache")
            let refusal = try await agent.refusal(of: "token.get", ["audience": "https://other.example.com"])
            #expect(refusal?.code == 1014)
            #expect(try await agent.postern("token", "--audience", "https://x.example").exit == .status(77))
        }
    }

    @Test("profiles that refresh ahead do so by themselves, those on demand do not")
    func refreshesAhead() async throws {
        var options = Options()
        options.accessTokenLifetime = 4
        options.clients = [Client(id: "ahead"), Client(id: "on-demand")]
        try await withRunningAgent(options) { agent in
            try agent.configure(
                await agent.profile("a", ["client_id": "ahead", "refresh": "ahead"])
                    + agent.profile("b", ["client_id": "on-demand"]))
            try await agent.call("agent.reload")
            try await agent.signIn("b")
            try await agent.signIn("a")
            let second = try await withDeadline {
                try await agent.tenant.requestArrived(at: .token, grant: .refreshToken, count: 2)
            }
            let all = await agent.tenant.requests(to: .token, grant: .refreshToken)
            #expect(all.allSatisfy { $0.clientID == "ahead" })
            #expect(second.refreshToken?.generation == 1)
            #expect(try await agent.call("token.get", ["profile": "b", "min_ttl": 3])["from"] == "refresh")
        }
    }

    @Test("--login waits for the sign-in under way, and no request starts one")
    func joinsLogin() async throws {
        try await withRunningAgent { agent in
            #expect(try await agent.postern("token", "--login").exit == .status(77))
            let id = try #require(try await agent.call("login.start")["login_id"])
            async let token = agent.call("token.get", ["join_login": true])
            try await agent.connectionsTaken(3)
            let code = try await agent.tenant.nextCode(for: RunningAgent.person)
            try await agent.call("login.answer", ["login_id": id, "code": .string(code)])
            #expect(try await token["from"] == "login")
            #expect(await agent.tenant.messages.count == 1)
        }
    }
}
