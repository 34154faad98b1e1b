import DevTenant
import Foundation
import Testing

@Suite("Control endpoints and records", .timeLimit(.minutes(5)))
struct ControlTests {
    @Test("a script can read the outbox, order faults, move the clock, rotate keys and look at requests")
    func script() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            try await client.start()
            let code = try #require(try await client.get("_dev/code?to=ada%40example.com")["code"])
            guard case .array(let messages) = try await client.get("_dev/outbox?to=ada%40example.com").json else {
                Issue.record("the outbox is not a list")
                return
            }
            #expect(messages.map { $0["code"] } == [.string(code)])
            let token = try #require(try await client.redeem(code)["refresh_token"])

            _ = try await client.post(
                "_dev/faults",
                json: ["endpoint": "token", "grant": "refresh", "kind": "answer", "status": 503, "times": 1])
            #expect(try await client.refresh(token).status == 503)
            _ = try await client.post("_dev/clock", json: ["advance": 3_000_000])
            #expect(try await client.refresh(token).status == 403)
            _ = try await client.post("_dev/keys/rotate", json: [:])
            guard case .array(let keys) = try await client.get(".well-known/jwks.json").json?["keys"],
                case .array(let requests) = try await client.get("_dev/requests?endpoint=token&grant=refresh").json
            else {
                Issue.record("not lists")
                return
            }
            #expect(keys.count == 3)
            #expect(requests.map { $0["status"] } == [503, 403])
        }
    }

    @Test("a script can set people's factors and policy, read one-time passwords and answer notifications")
    func factors() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            let set = try await client.post(
                "_dev/users",
                json: [
                    "address": "ada@example.com", "mfa": "enrolled",
                    "authenticators": [
                        ["kind": "otp"], ["kind": "push"], ["kind": "sms", "value": "+15550100", "active": false],
                    ],
                ])
            #expect(set.status == 200)
            let token = try await client.mfaToken(from: tenant)
            #expect(try await client.list(token).json?.array?.map { $0["active"] } == [true, true, false])
            let code = try #require(try await client.get("_dev/totp?to=ada%40example.com")["code"])
            #expect(try await client.prove(token, otp: code).status == 200)

            let answer: JSON = ["to": "ada@example.com", "answer": "deny_403"]
            #expect(try await client.post("_dev/push", json: answer).status == 404)
            let next = try await client.mfaToken(from: tenant)
            let oobCode = try await client.challenge(next, ["challenge_type": "oob"])["oob_code"]
            #expect(try await client.post("_dev/push", json: answer).status == 200)
            #expect(try await client.prove(next, oobCode: oobCode).status == 403)
            _ = try await client.post(
                "_dev/users",
                json: ["address": "ada@example.com", "mfa": .null, "denied_after_challenge": "Not on Sundays"])
            #expect(try await client.signIn(to: tenant).status == 200)

            let mistakes: [JSON] = [
                ["address": "ada@example.com", "mfa": "sometimes"], ["address": "nobody@example.com"],
                ["address": "ada@example.com", "authenticators": [["kind": "duo"]]],
            ]
            for mistake in mistakes { #expect(try await client.post("_dev/users", json: mistake).status == 400) }
            #expect(try await client.get("_dev/totp?to=nobody%40example.com").status == 404)
        }
    }

    @Test("mistakes and browsers are refused")
    func refusals() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            let unknown = try await client.post("_dev/faults", json: ["kind": "nonsense"])
            #expect(unknown.status == 400)
            #expect(try await client.post("_dev/clock", json: [:]).status == 400)
            #expect(try await client.get("_dev/nonsense").status == 404)
            #expect(try await client.get("_dev/secrets", headers: ["Origin": "https://evil.example"]).status == 403)
            #expect(try await client.get("nonsense").status == 404)
            #expect(try await client.get("oauth/token").status == 405)
        }
    }

    @Test("the ledger knows every secret that was issued or sent")
    func secrets() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            let first = try await client.signIn(to: tenant)
            let second = try await client.refresh(#require(first["refresh_token"]))
            _ = try await client.redeem("000000")
            let values = Set(await tenant.knownSecrets.map(\.value))
            for answer in [first, second] {
                for name in ["access_token", "id_token", "refresh_token"] {
                    #expect(values.contains(try #require(answer[name])))
                }
            }
            #expect(values.contains("000000"))
            #expect(values.contains(try #require(await tenant.messages.first?.code)))
        }
    }

    @Test("somebody who waits for a code gets it when it is sent")
    func waiting() async throws {
        try await DevTenant.withRunning { tenant in
            async let code = tenant.nextCode(for: "ada@example.com")
            async let arrived = tenant.requestArrived(at: .start)
            try await TenantClient(tenant).start()
            #expect(try await code.count == 6)
            #expect(try await arrived.clientID == "postern-dev")
        }
    }

    @Test("who is cancelled stops waiting")
    func cancellation() async throws {
        let tenant = try DevTenant()
        let task = Task { try await tenant.nextCode(for: "nobody@example.com") }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("between two times of serving connections are refused; then the port and what was known are the same")
    func servingAgain() async throws {
        let tenant = try DevTenant()
        let (client, token) = try await tenant.serving {
            let client = await TenantClient(tenant)
            return (client, try #require(try await client.signIn(to: tenant)["refresh_token"]))
        }
        await #expect(throws: URLError.self) { try await client.refresh(token) }
        let status = try await tenant.serving { try await client.refresh(token).status }
        #expect(status == 200)
    }

    @Test("a port that is taken is an error, not a hang")
    func portTaken() async throws {
        try await DevTenant.withRunning { tenant in
            var options = Options()
            options.port = try #require(URL(string: await tenant.issuer)?.port)
            await #expect(throws: (any Error).self) { try await DevTenant.withRunning(options) { _ in } }
        }
    }
}
