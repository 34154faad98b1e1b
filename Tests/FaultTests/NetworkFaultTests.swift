import DevTenant
import Foundation
import TestSupport
import Testing

@Suite("Faults of the tenant and of the way to it")
struct NetworkFaultTests {
    // MARK: - Not reached

    @Test(
        "row 29: no address or no route is 1006 with the cause, puts nothing in doubt and costs nothing",
        arguments: [("https://tenant.invalid/", "dns"), ("https://192.0.2.1/", "connect")])
    func unreachable(issuer: String, cause: String) async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let cached = try await agent.token()
            let before = try await agent.record()?["refresh_token"]
            try await agent.stop()
            // The same tenant, as if its name had changed its meaning.
            try await agent.rewriteRecord { record in
                var binding = record["binding"]?.object ?? [:]
                binding["issuer"] = .string(issuer)
                record["binding"] = .object(binding)
            }
            try agent.configure(await agent.profile("work", ["issuer": issuer]))
            try await agent.start()
            let refusal = try await agent.refusal(of: "token.get", ["force": true, "wait": 8])
            #expect(refusal?.code == 1006 && refusal?.cause == cause)
            try await expectUnharmed(agent, cached, before)
        }
    }

    @Test("row 29: a closed port is 1006 connect, and the tenant is used again when it is back")
    func refusedConnection() async throws {
        try await withTenantAway { agent in
            let cached = try await agent.token()
            let before = try await agent.record()?["refresh_token"]
            let refusal = try await agent.refusal(of: "token.get", ["force": true, "wait": 1])
            #expect(refusal?.code == 1006 && refusal?.cause == "connect")
            try await expectUnharmed(agent, cached, before)
            try await agent.tenant.serving {
                let token = try await agent.call("token.get", ["force": true])
                #expect(token["from"] == "refresh")
                #expect(await agent.presented == [0])
            }
        }
    }

    @Test("row 29: a certificate that is not trusted is 1006 tls, and nothing is sent")
    func untrusted() async throws {
        var options = Options()
        options.usesTLS = true
        try await withRunningAgent(options, starting: false) { agent in
            let file = agent.desktop.home.appending(path: "ca.pem")
            try Data(try #require(agent.tenant.caCertificatePEM).utf8).write(to: file)
            let trusting = await agent.profile("work", ["ca_file": file.path])
            try agent.configure(trusting)
            try await agent.start()
            try await agent.signIn()
            let cached = try await agent.token()
            let before = try await agent.record()?["refresh_token"]

            try agent.configure(await agent.profile())
            try await agent.call("agent.reload")
            let refusal = try await agent.refusal(of: "token.get", ["force": true, "wait": 1])
            #expect(refusal?.code == 1006 && refusal?.cause == "tls")
            try await expectUnharmed(agent, cached, before)
            #expect(await agent.presented == [])

            try agent.configure(trusting)
            try await agent.call("agent.reload")
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
        }
    }

    /// What a trouble that passes leaves as it was: the token in memory, the refresh token in the keyring, and no doubt about it.
    private func expectUnharmed(_ agent: RunningAgent, _ cached: String, _ refreshToken: JSON?) async throws {
        #expect(try await agent.token() == cached)
        #expect(try await agent.status()["state"] == "offline")
        try await agent.recorded { $0["refreshing_since"] == nil }
        #expect(try await agent.record()?["refresh_token"] == refreshToken)
    }

    // MARK: - In trouble

    enum Trouble: String, CaseIterable, CustomTestStringConvertible {
        case closed, reset, portal, unavailable, broken

        var fault: Fault {
            switch self {
            case .closed: .hangUp
            case .reset: .reset
            case .portal: .page()
            case .unavailable: .refusal(503, "temporarily_unavailable")
            case .broken: .page(500)
            }
        }

        var cause: String {
            switch self {
            case .closed, .reset: "timeout"
            case .portal: "not_json"
            case .unavailable, .broken: "server_error"
            }
        }

        var testDescription: String { rawValue }
    }

    @Test(
        "rows 29 and 30: a connection lost, a captive portal, 503 and 500 are 1006 with the cause, and cost nothing",
        arguments: Trouble.allCases)
    func trouble(_ trouble: Trouble) async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let cached = try await agent.token()
            let before = try await agent.record()?["refresh_token"]
            await agent.tenant.order(trouble.fault, at: .token, grant: .refreshToken, times: 100)
            let refusal = try await agent.refusal(of: "token.get", ["force": true, "wait": 1])
            #expect(refusal?.code == 1006 && refusal?.cause == trouble.cause)
            #expect(refusal?.data["retryable"] == true)
            #expect(try await agent.token() == cached)
            #expect(
                try await agent.postern("token", "--rejected", "-", "--wait", "1", input: cached).exit == .status(75))
            #expect(try await agent.status()["state"] == "offline")
            #expect(try await agent.record()?["refresh_token"] == before)
            await agent.tenant.cancelFaults()
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            #expect(try await agent.status()["state"] == "signed_in")
            #expect(await agent.presented.allSatisfy { $0 == 0 })
        }
    }

    @Test("row 30: a failing tenant is asked by one request after the other, however many wait", arguments: [503, 500])
    func oneAfterTheOther(status: Int) async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            try await agent.restartWithExpiredTokens()
            await agent.tenant.order(.page(status), at: .token, grant: .refreshToken, times: 3)
            let callers = try (1...10).map { _ in try agent.requestToken(["wait": 35]) }
            var tokens: Set<String> = []
            for caller in callers {
                tokens.insert(try await caller.answer()?["result"]?["access_token"]?.string ?? "none")
            }
            #expect(tokens.count == 1 && !tokens.contains("none"))
            #expect(await agent.refreshes.map(\.status) == [status, status, status, 200])
            #expect(await agent.presented == [0, 0, 0, 0])
        }
    }

    @Test("row 30: a rate limit is told at once with the time to wait, and nobody asks the tenant before that")
    func rateLimited() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let cached = try await agent.token()
            let before = try await agent.record()?["refresh_token"]
            await agent.tenant.order(.rateLimited(retryAfter: 120), at: .token, grant: .refreshToken)
            let refusal = try await agent.refusal(of: "token.get", ["force": true])
            #expect(refusal?.code == 1007 && refusal?.data["retry_after"] == 120)
            let callers = try (1...10).map { _ in try agent.requestToken(["force": true]) }
            for caller in callers {
                #expect(try await caller.answer()?["error"]?["code"] == 1007)
            }
            #expect(await agent.refreshes.count == 1)
            try await agent.recorded { $0["refreshing_since"] == nil }
            #expect(try await agent.record()?["refresh_token"] == before)
            #expect(try await agent.token() == cached)
        }
    }

    @Test("row 30: whoever can wait for the end of a rate limit gets a token then, and not before")
    func rateLimitOver() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            await agent.tenant.order(.rateLimited(retryAfter: 2), at: .token, grant: .refreshToken)
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            let times = await agent.refreshes.map(\.at)
            #expect(times.count == 2 && times[1] - times[0] >= 2)
        }
    }

    @Test(
        "row 31: an answer too large, without end, stalled, trickling or garbled is given up in time and asked for again",
        arguments: [Answer.Body.oversized(bytes: 10 << 20), .endless, .stalled, .trickling, .garbled])
    func unreadableBody(_ body: Answer.Body) async throws {
        try await withRunningAgent(.overlapping, profile: ["rotation_overlap": "60"]) { agent in
            try await agent.signIn()
            let cached = try await agent.token()
            await agent.tenant.order(.body(body), at: .token, grant: .refreshToken)
            let caller = try agent.requestToken(["force": true, "wait": 35])
            try await withDeadline { try await agent.tenant.requestArrived(at: .token, grant: .refreshToken) }
            #expect(try await agent.call("token.get")["access_token"]?.string != nil, "served meanwhile")
            let token = try await caller.answer()?["result"]
            #expect(token?["from"] == "refresh" && token?["access_token"]?.string != cached)
            #expect(await agent.presented == [0, 0])
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            #expect(await agent.presented == [0, 0, 1])
        }
    }

    @Test("row 31: who waits no longer for a mute tenant is told 1016, and the refresh goes on")
    func outOfTime() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            try await agent.restartWithExpiredTokens()
            await agent.tenant.order(.hold, at: .token, grant: .refreshToken)
            let refusal = try await agent.refusal(of: "token.get", ["wait": 1])
            #expect(refusal?.code == 1016 && refusal?.data["retryable"] == true)
            #expect(try await agent.postern("token", "--wait", "0").exit == .status(75))
            try await agent.refreshHeld()
            await agent.tenant.release()
            try await agent.logged("Refreshed.")
            #expect(try await agent.call("token.get")["from"] == "cache")
            #expect(await agent.presented == [0])
        }
    }
}
