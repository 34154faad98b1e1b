import DevTenant
import Testing

@Suite("MFA challenges", .timeLimit(.minutes(5)))
struct ChallengeTests {
    private static let address = "ada@example.com"
    private static let number = "+15550100"
    private static let sms = Authenticator(.sms, number, device: "dev_a")

    @Test("TOTP needs nothing more")
    func otp() async throws {
        try await withFactors([.init(.otp, device: "dev_a")]) { tenant, client in
            let answer = try await client.challenge(
                client.mfaToken(from: tenant), ["challenge_type": "otp", "authenticator_id": "totp|dev_a"])
            #expect(answer.status == 200)
            #expect(answer.json == ["challenge_type": "otp"])
        }
    }

    @Test("a push is to be polled for: there is no binding method")
    func push() async throws {
        try await withFactors([.init(.push)]) { tenant, client in
            let answer = try await client.challenge(client.mfaToken(from: tenant), ["challenge_type": "oob"])
            #expect(answer["challenge_type"] == "oob")
            #expect(answer.json?["binding_method"] == nil)
            let fields = try #require(answer["oob_code"]).split(separator: "*", omittingEmptySubsequences: false)
            #expect(fields.count == 8)
        }
    }

    @Test(
        "a code goes to the phone or the mailbox, in the language asked for",
        arguments: [
            Authenticator(.sms, number), .init(.voice, number), .init(.email, "ada@home.example"),
        ])
    func message(authenticator: Authenticator) async throws {
        try await withFactors([authenticator]) { tenant, client in
            let token = try await client.mfaToken(from: tenant)
            let answer = try await client.post(
                "mfa/challenge",
                json: [
                    "client_id": "postern-dev", "mfa_token": .string(token),
                    "authenticator_id": .string(authenticator.id),
                ], headers: ["x-request-language": "de"])
            #expect(answer["binding_method"] == "prompt")
            let message = try await tenant.nextMessage(for: authenticator.value)
            #expect(message.connection == authenticator.kind.rawValue)
            #expect(message.code.count == 6)
            #expect(message.language == "de")
        }
    }

    @Test("each call sends a new message, and only the newest oob_code counts")
    func resend() async throws {
        try await withFactors([Self.sms]) { tenant, client in
            let token = try await client.mfaToken(from: tenant)
            let old = try await client.challenge(token)["oob_code"]
            let oldCode = try await tenant.nextCode(for: Self.number)
            let new = try await client.challenge(token)["oob_code"]
            let newCode = try await tenant.nextCode(for: Self.number)
            expect(
                try await client.prove(token, oobCode: old, bindingCode: oldCode), 403, "expired_token",
                "oob_code is expired")
            #expect(try await client.prove(token, oobCode: new, bindingCode: newCode).status == 200)
        }
    }

    @Test("a channel chooses among the authenticators")
    func channel() async throws {
        try await withFactors([.init(.push), Self.sms]) { tenant, client in
            let token = try await client.mfaToken(from: tenant)
            #expect(try await client.challenge(token, ["oob_channel": "sms"])["binding_method"] == "prompt")
            expect(
                try await client.challenge(token, ["oob_channel": "email"]), 401, "unsupported_challenge_type",
                "User is not enrolled with email")
        }
    }

    @Test("what the person cannot do, or the tenant does not know, is refused")
    func unsupported() async throws {
        let recovery = Authenticator(.recoveryCode, device: "dev_b")
        let inactive = Authenticator(.sms, Self.number, isActive: false, device: "dev_c")
        try await withFactors([Self.sms, recovery, inactive]) { tenant, client in
            let token = try await client.mfaToken(from: tenant)
            expect(
                try await client.challenge(token, ["challenge_type": "otp"]), 401, "unsupported_challenge_type",
                "The user does not support any of the requested challenge types (otp). Supported type: oob")
            expect(
                try await client.challenge(token, ["challenge_type": "otp", "authenticator_id": "sms|dev_a"]), 401,
                "unsupported_challenge_type", "No matching challenge_type for provider sms")
            expect(
                try await client.challenge(token, ["authenticator_id": "recovery-code|dev_b"]), 400,
                "invalid_request", "Unsupported multifactor provider: recovery-code")
            expect(
                try await client.challenge(token, ["authenticator_id": "sms|dev_c"]), 404, "invalid_authenticator",
                "Authenticator not found or inactive")
            #expect(
                try await client.challenge(token, ["colour": "red"]).description == "Unknown parameters: colour")
        }
    }

    @Test("who has nothing must enrol")
    func associationRequired() async throws {
        try await withFactors([]) { tenant, client in
            let answer = try await client.challenge(client.mfaToken(from: tenant))
            #expect(answer.status == 400)
            #expect(answer.error == "association_required")
        }
    }

    @Test("an mfa_token is good for its client and its time, until it has brought its tokens", arguments: [403, 401])
    func token(expiredStatus: Int) async throws {
        let setUp: (inout Options) -> Void = {
            $0.clients = [Client(), Client(id: "other")]
            $0.mfa.expiredStatus = expiredStatus
        }
        try await withFactors([.init(.otp)], setUp) { tenant, client in
            let token = try await client.mfaToken(from: tenant)
            expect(try await client.challenge("nonsense"), 403, "invalid_grant", "Malformed mfa_token")
            expect(
                try await TenantClient(tenant, clientID: "other").challenge(token), 400, "invalid_request",
                "mfa_token not issued to this client")
            #expect(try await client.prove(token, otp: tenant.totpCode(for: Self.address)).status == 200)
            expect(
                try await client.challenge(token), 400, "invalid_request",
                "The mfa_token provided is invalid. Try getting a new token.")
            expect(
                try await client.prove(token, otp: "000000"), 403, "invalid_grant", "Malformed mfa_token")
            let late = try await client.mfaToken(from: tenant)
            await tenant.advanceClock(by: 600)
            expect(try await client.challenge(late), expiredStatus, "expired_token", "mfa_token is expired")
        }
    }

    @Test("an access token for the MFA API is no mfa_token here")
    func accessToken() async throws {
        try await withFactors([.init(.otp)]) { tenant, client in
            let token = try await client.managementToken(from: tenant)
            expect(try await client.challenge(token), 403, "invalid_grant", "Malformed mfa_token")
            #expect(try await client.list(token).status == 200)
            expect(try await client.challenge(token), 403, "invalid_grant", "Malformed mfa_token")
        }
    }

    @Test("text messages run out after ten, and one comes back in an hour")
    func texts() async throws {
        try await withFactors([Self.sms, .init(.voice, Self.number)]) { tenant, client in
            let token = try await client.mfaToken(from: tenant)
            for index in 0..<10 {
                let channel: JSON = index.isMultiple(of: 2) ? "sms" : "voice"
                #expect(try await client.challenge(token, ["oob_channel": channel]).status == 200)
            }
            expect(
                try await client.challenge(token), 400, "invalid_request",
                "Too many SMS sent by the user. Wait for some minutes before retrying.")
            await tenant.advanceClock(by: 3600)
            let next = try await client.mfaToken(from: tenant)
            #expect(try await client.challenge(next).status == 200)
            #expect(try await client.challenge(next).status == 400)
        }
    }

    @Test(
        "notifications run out after five, mails after twenty; a minute brings the next",
        arguments: [(Authenticator(.push), 5), (Authenticator(.email, "ada@home.example"), 20)])
    func otherMessages(authenticator: Authenticator, burst: Int) async throws {
        try await withFactors([authenticator]) { tenant, client in
            let token = try await client.mfaToken(from: tenant)
            for _ in 1...burst { #expect(try await client.challenge(token).status == 200) }
            let limited = try await client.challenge(token)
            #expect(limited.status == 429)
            #expect(limited.error == "too_many_requests")
            #expect(limited.headers["x-ratelimit-remaining"] == "0")
            await tenant.advanceClock(by: 60)
            #expect(try await client.challenge(token).status == 200)
        }
    }
}
