import DevTenant
import Testing

@Suite("One-time codes", .timeLimit(.minutes(5)))
struct CodeTests {
    private static let address = "ada@example.com"

    @Test("a right code brings tokens, as JSON and as a form")
    func rightCode() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            let json = try await client.signIn(to: tenant)
            #expect(json.status == 200)
            #expect(json.headers["content-type"] == "application/json")
            #expect(json["token_type"] == "Bearer")
            #expect(json.json?["expires_in"] == 86_400)
            #expect(json["scope"] == "openid profile email offline_access")
            try await client.start()
            let form = try await client.post(
                "oauth/token",
                form: [
                    "grant_type": TenantClient.otpGrant, "client_id": "postern-dev", "username": Self.address,
                    "otp": try await tenant.nextCode(for: Self.address), "realm": "email", "scope": "openid",
                ])
            #expect(form.status == 200)
            #expect(form["refresh_token"] == nil)
        }
    }

    @Test("a wrong code leaves two tries; the third wrong one ends the code, and the right one comes too late")
    func threeTries() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            try await client.start()
            let code = try await tenant.nextCode(for: Self.address)
            for _ in 1...2 {
                let answer = try await client.redeem(wrong(code))
                #expect(answer.status == 403)
                #expect(answer.error == "invalid_grant")
                #expect(answer.description == "Wrong email or verification code.")
            }
            for attempt in [wrong(code), code] {
                let answer = try await client.redeem(attempt)
                #expect(answer.status == 403)
                #expect(answer.error == "invalid_grant")
                #expect(
                    answer.description
                        == "You've reached the maximum number of attempts. Please try to login again.")
            }
            try await client.start()
            #expect(try await client.redeem(tenant.nextCode(for: Self.address)).status == 200)
        }
    }

    @Test("a wrong code by sms speaks of the phone number")
    func wrongSMS() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            _ = try await client.post(
                "passwordless/start",
                json: ["client_id": "postern-dev", "connection": "sms", "phone_number": "+1555"])
            let code = try await tenant.nextCode(for: "+1555")
            let answer = try await client.redeem(wrong(code), of: "+1555", realm: "sms")
            #expect(answer.description == "Wrong phone number or verification code.")
        }
    }

    @Test("a code lives for 180 seconds and no longer")
    func lifetime() async throws {
        try await DevTenant.withRunning(.still) { tenant in
            let client = await TenantClient(tenant)
            try await client.start()
            let code = try await tenant.nextCode(for: Self.address)
            await tenant.advanceClock(by: 181)
            let answer = try await client.redeem(code)
            #expect(answer.status == 403)
            #expect(answer.error == "invalid_grant")
            #expect(answer.description == "The verification code has expired. Please try to login again.")
            try await client.start()
            let next = try await tenant.nextCode(for: Self.address)
            await tenant.advanceClock(by: 170)
            #expect(try await client.redeem(next).status == 200)
        }
    }

    @Test("only the newest code works")
    func newest() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            try await client.start()
            let old = try await tenant.nextCode(for: Self.address)
            try await client.start()
            let new = try await tenant.nextCode(for: Self.address)
            #expect(try await client.redeem(old).description == "Wrong email or verification code.")
            #expect(try await client.redeem(new).status == 200)
        }
    }

    @Test("a code works once")
    func singleUse() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            try await client.start()
            let code = try await tenant.nextCode(for: Self.address)
            #expect(try await client.redeem(code).status == 200)
            #expect(try await client.redeem(code).description == "Wrong email or verification code.")
        }
    }

    @Test("enough failures in a row bring a block that a right code does not lift")
    func bruteForce() async throws {
        var options = Options()
        options.bruteForceLimit = 4
        try await DevTenant.withRunning(options) { tenant in
            let client = await TenantClient(tenant)
            for _ in 1...2 {
                try await client.start()
                let code = try await tenant.nextCode(for: Self.address)
                for _ in 1...2 { _ = try await client.redeem(wrong(code)) }
            }
            try await client.start()
            let code = try await tenant.nextCode(for: Self.address)
            let answer = try await client.redeem(code)
            #expect(answer.status == 429)
            #expect(answer.error == "too_many_attempts")
            #expect(answer.description?.hasPrefix("Your account has been blocked after multiple") == true)
            await tenant.forgiveFailures(of: Self.address)
            #expect(try await client.redeem(code).status == 200)
        }
    }

    @Test("an application without the grant is told so")
    func grantNotEnabled() async throws {
        var options = Options()
        options.clients = [Client(grants: [.refreshToken])]
        try await DevTenant.withRunning(options) { tenant in
            let answer = try await TenantClient(tenant).redeem("123456")
            #expect(answer.status == 403)
            #expect(answer.error == "unauthorized_client")
            #expect(answer.description == "Grant type '\(TenantClient.otpGrant)' not allowed for the client.")
            #expect(answer["error_uri"] == "https://auth0.com/docs/clients/client-grant-types")
        }
    }

    @Test("a blocked person and one an Action refuses are turned away")
    func unwelcome() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            try await client.start()
            await tenant.deny(Self.address, "Not on Sundays")
            let denied = try await client.redeem(tenant.nextCode(for: Self.address))
            #expect(denied.status == 403)
            #expect(denied.error == "access_denied")
            #expect(denied.description == "Not on Sundays")
            await tenant.deny(Self.address, nil)
            try await client.start()
            await tenant.block(Self.address)
            let blocked = try await client.redeem(tenant.nextCode(for: Self.address))
            #expect(blocked.status == 401)
            #expect(blocked.error == "unauthorized")
            #expect(blocked.description == "user is blocked")
        }
    }

    @Test("parameters that are missing, unknown or of the wrong type are refused")
    func parameters() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            let base: [String: JSON] = ["grant_type": .string(TenantClient.otpGrant), "client_id": "postern-dev"]
            func refusal(_ more: [String: JSON]) async throws -> TenantClient.Response {
                try await client.post("oauth/token", json: .object(base.merging(more) { _, new in new }))
            }
            #expect(try await refusal([:]).error == "invalid_request")
            #expect(try await refusal(["colour": "red"]).description == "Unknown parameters: colour")
            #expect(try await refusal(["scope": 3]).error == "invalid_scope")
            let unknown = try await refusal(["grant_type": "magic"])
            #expect(unknown.status == 501)
            #expect(unknown.error == "unsupported_grant_type")
            let stranger = try await refusal(["client_id": "nobody"])
            #expect(stranger.status == 401)
            #expect(stranger.error == "invalid_client")
        }
    }
}
