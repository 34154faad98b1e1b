import DevTenant
import Testing

@Suite("Push notifications", .timeLimit(.minutes(5)))
struct PushTests {
    private static let address = "ada@example.com"

    private static func withNotification(
        _ setUp: (inout Options) -> Void = { _ in },
        _ body: (DevTenant, TenantClient, _ token: String, _ oobCode: String) async throws -> Void
    ) async throws {
        try await withFactors([.init(.push)], setUp) { tenant, client in
            let token = try await client.mfaToken(from: tenant)
            try await body(tenant, client, token, #require(client.challenge(token)["oob_code"]))
        }
    }

    @Test("polling is pending until the person approves")
    func approval() async throws {
        try await Self.withNotification { tenant, client, token, oobCode in
            for _ in 1...2 {
                expect(
                    try await client.prove(token, oobCode: oobCode), 400, "authorization_pending",
                    "Authorization pending: please repeat the request in a few seconds.")
            }
            #expect(try await tenant.requestAnswered(at: .token, grant: .mfaOOB, count: 2).status == 400)
            try await tenant.approvePush(for: Self.address)
            #expect(try await client.prove(token, oobCode: oobCode).status == 200)
        }
    }

    @Test(
        "a refusal is final, in either of its shapes",
        arguments: [(PushDenial.accessDenied400, 400, "access_denied"), (.invalidGrant403, 403, "invalid_grant")])
    func denial(denial: PushDenial, status: Int, error: String) async throws {
        try await Self.withNotification { tenant, client, token, oobCode in
            try await tenant.denyPush(for: Self.address, as: denial)
            for _ in 1...2 {
                expect(
                    try await client.prove(token, oobCode: oobCode), status, error, "MFA Authorization rejected.")
            }
        }
    }

    @Test("after a refusal another notification may be sent")
    func anotherTry() async throws {
        try await Self.withNotification { tenant, client, token, _ in
            try await tenant.denyPush(for: Self.address)
            let next = try await client.challenge(token)["oob_code"]
            try await tenant.approvePush(for: Self.address)
            #expect(try await client.prove(token, oobCode: next).status == 200)
        }
    }

    @Test("twelve polls a minute, then 429")
    func pollLimit() async throws {
        try await Self.withNotification { tenant, client, token, oobCode in
            for _ in 1...12 {
                #expect(try await client.prove(token, oobCode: oobCode).error == "authorization_pending")
            }
            let limited = try await client.prove(token, oobCode: oobCode)
            #expect(limited.status == 429)
            #expect(limited.error == "too_many_requests")
            #expect(limited.headers["x-ratelimit-limit"] == "12")
            await tenant.advanceClock(by: 5)
            #expect(try await client.prove(token, oobCode: oobCode).error == "authorization_pending")
            #expect(try await client.prove(token, oobCode: oobCode).status == 429)
        }
    }

    @Test("a poll that comes too soon is told to slow down, and its own time counts for the next")
    func interval() async throws {
        try await Self.withNotification({ $0.mfa.pollInterval = 5 }) { tenant, client, token, oobCode in
            #expect(try await client.prove(token, oobCode: oobCode).error == "authorization_pending")
            for (pause, error) in [(4.0, "slow_down"), (4, "slow_down"), (5, "authorization_pending")] {
                await tenant.advanceClock(by: pause)
                #expect(try await client.prove(token, oobCode: oobCode).error == error)
            }
            try await tenant.approvePush(for: Self.address)
            #expect(try await client.prove(token, oobCode: oobCode).status == 200)
        }
    }

    @Test("slow_down comes on order")
    func slowDown() async throws {
        try await Self.withNotification { tenant, client, token, oobCode in
            await tenant.order(.slowDown, at: .token, grant: .mfaOOB)
            expect(try await client.prove(token, oobCode: oobCode), 400, "slow_down", nil)
            #expect(try await client.prove(token, oobCode: oobCode).error == "authorization_pending")
        }
    }

    @Test("who approves too early waits for the notification")
    func early() async throws {
        try await withFactors([.init(.push)]) { tenant, client in
            async let approval: Void = tenant.approvePush(for: Self.address)
            let token = try await client.mfaToken(from: tenant)
            let oobCode = try await client.challenge(token)["oob_code"]
            try await approval
            #expect(try await client.prove(token, oobCode: oobCode).status == 200)
        }
    }
}
