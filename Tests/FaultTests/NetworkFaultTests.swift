import DevTenant
import TestSupport
import Testing

@Suite("Faults of the tenant")
struct NetworkFaultTests {
    private static let overlapping: Options = {
        var options = Options()
        options.clients = [Client(refreshTokens: RefreshTokenPolicy(overlap: 60))]
        return options
    }()

    private func refreshes(_ agent: RunningAgent) async -> [RecordedRequest] {
        await agent.tenant.requests(to: .token, grant: .refreshToken)
    }

    @Test("a lost answer is asked for again while the tenant's overlap lasts")
    func lostWithOverlap() async throws {
        try await withRunningAgent(Self.overlapping, profile: ["rotation_overlap": "60"]) { agent in
            try await agent.signIn()
            try await agent.restartWithExpiredTokens()
            await agent.tenant.order(.loseAnswer, at: .token, grant: .refreshToken)
            #expect(try await agent.call("token.get")["from"] == "refresh")
            #expect(await refreshes(agent).map(\.refreshToken?.generation) == [0, 0])
            try await agent.call("token.get", ["force": true])
            #expect(await refreshes(agent).last?.status == 200)
        }
    }

    @Test("without an overlap a lost answer costs the sign-in, and the cause says so")
    func lostWithoutOverlap() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            try await agent.restartWithExpiredTokens()
            await agent.tenant.order(.loseAnswer, at: .token, grant: .refreshToken)
            let refusal = try await agent.refusal(of: "token.get")
            #expect(refusal?.code == 1001 && refusal?.cause == "lost_answer")
            let count = await refreshes(agent).count
            #expect(try await agent.postern("token").exit == .status(77))
            try await agent.restart()
            #expect(try await agent.refusal(of: "token.get")?.cause == "lost_answer")
            #expect(await refreshes(agent).count == count, "a refused refresh token was sent again")
            #expect(try await agent.status()["state"] == "login_required")
        }
    }

    @Test("a daemon killed with an answer on its way asks again within the overlap")
    func killedInDoubt() async throws {
        try await withRunningAgent(Self.overlapping, profile: ["rotation_overlap": "60"]) { agent in
            try await agent.signIn()
            try await agent.restartWithExpiredTokens()
            await agent.tenant.order(.holdAnswer, at: .token, grant: .refreshToken)
            let connection = try agent.connect()
            try connection.request("token.get")
            try await withDeadline { try await agent.tenant.requestHeld(at: .token, grant: .refreshToken) }
            try await agent.crash()
            await agent.tenant.release()
            try await agent.start()
            #expect(try await agent.call("token.get")["from"] != nil)
            #expect(await refreshes(agent).map(\.refreshToken?.generation) == [0, 0])
        }
    }

    @Test("a daemon killed with an answer on its way says lost_answer where there is no overlap")
    func killedWithoutOverlap() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            try await agent.restartWithExpiredTokens()
            await agent.tenant.order(.holdAnswer, at: .token, grant: .refreshToken)
            let connection = try agent.connect()
            try connection.request("token.get")
            try await withDeadline { try await agent.tenant.requestHeld(at: .token, grant: .refreshToken) }
            try await agent.crash()
            await agent.tenant.release()
            try await agent.start()
            let refusal = try await agent.refusal(of: "token.get")
            #expect(refusal?.code == 1001 && refusal?.cause == "lost_answer")
        }
    }

    @Test("a refused refresh token is suspected of reuse and never sent again")
    func refused() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let cached = try await agent.token()
            await agent.tenant.revokeRefreshTokens(of: RunningAgent.person)
            let refusal = try await agent.refusal(of: "token.get", ["force": true])
            #expect(refusal?.code == 1001 && refusal?.cause == "reuse_suspected")
            #expect(try await agent.token() == cached, "a token that still lives is served in every state")
            #expect(try await agent.refusal(of: "token.get", ["force": true])?.code == 1001)
            try await agent.restart()
            #expect(try await agent.refusal(of: "token.get", ["force": true])?.cause == "reuse_suspected")
            #expect(try await agent.token() == cached)
            #expect(await refreshes(agent).count == 1)
            try await agent.signIn()
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
        }
    }

    @Test("the end of a deleted person's sign-in has its own cause")
    func deletedPerson() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            await agent.tenant.deleteUser(RunningAgent.person)
            let refusal = try await agent.refusal(of: "token.get", ["force": true])
            #expect(refusal?.code == 1001 && refusal?.cause == "user_deleted")
        }
    }

    @Test("a rate limit is told at once, with the time to wait")
    func rateLimited() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            await agent.tenant.order(.rateLimited(retryAfter: 600), at: .token, grant: .refreshToken)
            let refusal = try await agent.refusal(of: "token.get", ["force": true])
            #expect(refusal?.code == 1007 && refusal?.data["retry_after"] == 600)
            #expect(try await agent.record()?["refresh_token"]?.string != nil)
            #expect(try await agent.token() != "")
        }
    }

    enum Trouble: String, CaseIterable, CustomTestStringConvertible {
        case unavailable, portal, hangUp

        var fault: Fault {
            switch self {
            case .unavailable: .page(503)
            case .portal: .page()
            case .hangUp: .hangUp
            }
        }

        var cause: String {
            switch self {
            case .unavailable: "server_error"
            case .portal: "not_json"
            case .hangUp: "timeout"
            }
        }

        var testDescription: String { rawValue }
    }

    @Test("a tenant in trouble is 1006 with the cause, and costs nothing", arguments: Trouble.allCases)
    func offline(_ trouble: Trouble) async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let cached = try await agent.token()
            let before = try await agent.record()?["refresh_token"]
            await agent.tenant.order(trouble.fault, at: .token, grant: .refreshToken, times: 100)
            let refusal = try await agent.refusal(of: "token.get", ["force": true, "wait": 1])
            #expect(refusal?.code == 1006 && refusal?.cause == trouble.cause)
            #expect(refusal?.data["retryable"] == true)
            #expect(
                try await agent.postern("token", "--rejected", "-", "--wait", "1", input: cached).exit == .status(75))
            #expect(try await agent.status()["state"] == "offline")
            #expect(try await agent.record()?["refresh_token"] == before)
            await agent.tenant.cancelFaults()
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            #expect(try await agent.status()["state"] == "signed_in")
        }
    }

    @Test("a passing trouble is waited out")
    func passingTrouble() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            await agent.tenant.order(.page(503), at: .token, grant: .refreshToken)
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            #expect(await refreshes(agent).map(\.refreshToken?.generation) == [0, 0])
        }
    }

    @Test("who waits no longer is told 1016, and the refresh goes on")
    func outOfTime() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            try await agent.restartWithExpiredTokens()
            await agent.tenant.order(.hold, at: .token, grant: .refreshToken)
            let refusal = try await agent.refusal(of: "token.get", ["wait": 1])
            #expect(refusal?.code == 1016 && refusal?.data["retryable"] == true)
            #expect(try await agent.postern("token", "--wait", "0").exit == .status(75))
            try await withDeadline { try await agent.tenant.requestHeld(at: .token, grant: .refreshToken) }
            await agent.tenant.release()
            try await agent.logged("Refreshed.")
            #expect(try await agent.call("token.get")["from"] == "cache")
            #expect(await refreshes(agent).count == 1)
        }
    }

    @Test("a tenant that is away is 1006 connect, and is used again when it is back")
    func refusedConnection() async throws {
        try await withPlace {
            try await withPrivateDesktop { desktop in
                let tenant = try DevTenant()
                try await withAgent(desktop, tenant) { agent in
                    try await tenant.serving {
                        try agent.configure(await agent.profile())
                        try await agent.start()
                        try await agent.signIn()
                    }
                    let cached = try await agent.token()
                    let refusal = try await agent.refusal(of: "token.get", ["force": true, "wait": 1])
                    #expect(refusal?.code == 1006 && refusal?.cause == "connect")
                    #expect(try await agent.token() == cached)
                    try await tenant.serving {
                        let token = try await agent.call("token.get", ["force": true])
                        #expect(token["from"] == "refresh")
                        #expect(await refreshes(agent).map(\.refreshToken?.generation) == [0])
                    }
                }
            }
        }
    }

    @Test("a tenant whose name does not resolve is 1006 dns")
    func unresolved() async throws {
        try await withRunningAgent(profile: ["issuer": "https://tenant.invalid/"]) { agent in
            let refusal = try await agent.refusal(of: "login.start")
            #expect(refusal?.code == 1006 && refusal?.cause == "dns")
        }
    }

    @Test("a refresh that asks for a second factor keeps the refresh token")
    func secondFactor() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let cached = try await agent.token()
            let before = try await agent.record()?["refresh_token"]
            await agent.tenant.order(.mfaRequired(), at: .token, grant: .refreshToken)
            let refusal = try await agent.refusal(of: "token.get", ["force": true])
            #expect(refusal?.code == 1011)
            #expect(try await agent.record()?["refresh_token"] == before)
            #expect(try await agent.status()["state"] == "mfa_required")
            #expect(try await agent.token() == cached)
        }
    }

    @Test("an ID token that is not right fails the refresh, but not its rotation")
    func forgedIDToken() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let cached = try await agent.token()
            await agent.tenant.order(.idToken(.badSignature), at: .token, grant: .refreshToken)
            let refusal = try await agent.refusal(of: "token.get", ["force": true])
            #expect(refusal?.code == 1021)
            #expect(try await agent.token() == cached)
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            #expect(await refreshes(agent).map(\.refreshToken?.generation) == [0, 1])
        }
    }

    @Test("an answer without a token is 1020, and its rotation is kept")
    func brokenAnswer() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            await agent.tenant.order(.members(["access_token": nil]), at: .token, grant: .refreshToken)
            #expect(try await agent.refusal(of: "token.get", ["force": true])?.code == 1020)
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            #expect(await refreshes(agent).map(\.refreshToken?.generation) == [0, 1])
        }
    }
}
