import DevTenant
import Foundation
import Testing

@Suite("Enrolment", .timeLimit(.minutes(5)))
struct AssociateTests {
    private static let address = "ada@example.com"
    private static let number = "+15550100"

    @Test("TOTP: a secret of 32 letters, the text of its picture, a recovery code; the first code confirms")
    func otp() async throws {
        try await withFactors([]) { tenant, client in
            let token = try await client.mfaToken(from: tenant)
            let answer = try await client.associate(
                token, ["authenticator_types": ["otp"], "client_id": "postern-dev"])
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "application/json; charset=utf-8")
            #expect(answer["authenticator_type"] == "otp")
            let secret = try #require(answer["secret"])
            #expect(secret.wholeMatch(of: #/[A-Z2-7]{32}/#) != nil)
            #expect(
                answer["barcode_uri"]
                    == "otpauth://totp/Development%20Tenant:ada%40example.com?secret=\(secret)"
                    + "&issuer=Development%20Tenant&algorithm=SHA1&digits=6&period=30")
            let recovery = try #require(answer.json?["recovery_codes"]?.array)
            #expect(recovery.map { $0.string?.count } == [24])
            #expect(try await client.list(token).json?.array?.map { $0["active"] } == [false, false])

            let code = try #require(TOTP(secret: secret)).code(at: await tenant.now)
            let tokens = try await client.prove(token, otp: code)
            #expect(tokens.status == 200)
            #expect(tokens["refresh_token"] != nil)
            #expect(await tenant.authenticators(of: Self.address).allSatisfy { $0.isActive })
            #expect(try await client.signIn(to: tenant).error == "mfa_required")
        }
    }

    @Test("a phone: the code of the message confirms it, for texts and calls", arguments: ["sms", "voice"])
    func phone(channel: String) async throws {
        try await withFactors([], { $0.mfa.givesRecoveryCodes = false }) { tenant, client in
            let token = try await client.mfaToken(from: tenant)
            let answer = try await client.associate(
                token,
                [
                    "authenticator_types": ["oob"], "oob_channels": [.string(channel)],
                    "phone_number": .string(Self.number),
                ])
            #expect(answer["authenticator_type"] == "oob")
            #expect(answer["binding_method"] == "prompt")
            #expect(answer["oob_channel"] == channel)
            #expect(answer.json?["recovery_codes"] == nil)
            let code = try await tenant.nextCode(for: Self.number)
            #expect(try await client.prove(token, oobCode: answer["oob_code"], bindingCode: code).status == 200)
            let enrolled = await tenant.authenticators(of: Self.address)
            #expect(Set(enrolled.map(\.kind)) == [.sms, .voice])
            #expect(Set(enrolled.map(\.device)).count == 1)
            #expect(enrolled.allSatisfy { $0.isActive })
        }
    }

    @Test("e-mail: likewise")
    func email() async throws {
        try await withFactors([]) { tenant, client in
            let token = try await client.mfaToken(from: tenant)
            let answer = try await client.associate(
                token,
                ["authenticator_types": ["oob"], "oob_channels": ["email"], "email": "ada@home.example"])
            #expect(answer["oob_channel"] == "email")
            let code = try await tenant.nextCode(for: "ada@home.example")
            #expect(try await client.prove(token, oobCode: answer["oob_code"], bindingCode: code).status == 200)
        }
    }

    @Test("push: a picture to scan, then polling; passwords come along")
    func push() async throws {
        try await withFactors([]) { tenant, client in
            let token = try await client.mfaToken(from: tenant)
            let answer = try await client.associate(
                token, ["authenticator_types": ["oob"], "oob_channels": ["auth0"]])
            #expect(answer["oob_channel"] == "auth0")
            #expect(answer.json?["binding_method"] == nil)
            let barcode = try #require(answer["barcode_uri"])
            #expect(barcode.hasPrefix("otpauth://totp/Development%20Tenant:ada%40example.com?enrollment_tx_id="))
            #expect(barcode.contains("&base_url=http%3A%2F%2F127.0.0.1%3A"))
            #expect(try await client.prove(token, oobCode: answer["oob_code"]).error == "authorization_pending")
            try await tenant.approvePush(for: Self.address)
            #expect(try await client.prove(token, oobCode: answer["oob_code"]).status == 200)
            #expect(await tenant.authenticators(of: Self.address).map(\.kind) == [.push, .otp, .recoveryCode])
        }
    }

    @Test("only the first association brings a recovery code")
    func firstOnly() async throws {
        try await withFactors([]) { tenant, client in
            let token = try await client.mfaToken(from: tenant)
            #expect(try await client.associateSMS(token).json?["recovery_codes"] != nil)
            #expect(try await client.associateSMS(token).json?["recovery_codes"] == nil)
        }
    }

    @Test("once something is active an mfa_token enrols no more")
    func alreadyEnrolled() async throws {
        try await withFactors([.init(.otp)]) { tenant, client in
            let answer = try await client.associateSMS(client.mfaToken(from: tenant))
            expect(answer, 400, "access_denied", "User is already enrolled.")
        }
    }

    @Test("an access token for the MFA API enrols another, and stands in for the mfa_token in confirming it")
    func management() async throws {
        try await withFactors([.init(.otp)]) { tenant, client in
            let token = try await client.managementToken(from: tenant)
            let answer = try await client.associateSMS(token)
            #expect(answer.status == 200)
            let code = try await tenant.nextCode(for: Self.number)
            let tokens = try await client.prove(token, oobCode: answer["oob_code"], bindingCode: code)
            #expect(tokens.status == 200)
            #expect(tokens.json?["expires_in"] == 600)
            #expect(tokens["scope"]?.contains("enroll") == true)
            #expect(try await client.associateSMS(#require(tokens["access_token"])).status == 200)
        }
    }

    @Test("an access token proves nothing with what is active already")
    func managementIsNoSignIn() async throws {
        try await withFactors([.init(.otp)]) { tenant, client in
            let token = try await client.managementToken(from: tenant)
            _ = try await client.associateSMS(token)
            await tenant.advanceClock(by: 30)
            let answer = try await client.prove(token, otp: tenant.totpCode(for: Self.address))
            expect(answer, 401, "unsupported_challenge_type", "User is not enrolled with otp")
        }
    }

    @Test("some tenants do not take an access token for an mfa_token")
    func accessTokenRefused() async throws {
        try await withFactors([.init(.otp)], { $0.mfa.takesAccessTokens = false }) { tenant, client in
            let token = try await client.managementToken(from: tenant)
            let answer = try await client.associateSMS(token)
            let code = try await tenant.nextCode(for: Self.number)
            expect(
                try await client.prove(token, oobCode: answer["oob_code"], bindingCode: code), 403, "invalid_grant",
                "Malformed mfa_token")
        }
    }

    @Test("what is not allowed, not known or no number is refused")
    func refusals() async throws {
        try await withFactors([], { $0.mfa.enrollment = [.sms] }) { tenant, client in
            let token = try await client.mfaToken(from: tenant)
            expect(
                try await client.associate(token, ["authenticator_types": ["otp"]]), 400, "invalid_request",
                "Unsupported multifactor provider: otp")
            expect(
                try await client.associate(token, ["authenticator_types": ["oob"], "oob_channels": ["duo"]]), 400,
                "invalid_request", "Unsupported multifactor provider: duo")
            expect(
                try await client.associateSMS(token, "5550100"), 400, "invalid_request",
                "The phone number is invalid.")
            expect(
                try await client.associate(token, [:]), 400, "invalid_request",
                "Missing required parameter: authenticator_types")
            #expect(try await client.associate("nonsense", ["authenticator_types": ["otp"]]).status == 401)
            expect(
                try await client.associate(
                    token, ["authenticator_types": ["oob"], "oob_channels": ["sms"], "client_id": "nobody"]), 401,
                "invalid_client", "Invalid client credentials")
        }
    }
}
