import DevTenant
import Foundation
import Testing

@Suite("The MFA grants", .timeLimit(.minutes(5)))
struct MFAGrantTests {
    private static let address = "ada@example.com"
    private static let number = "+15550100"
    private static let sms = Authenticator(.sms, number)

    @Test("a proof brings the tokens that the sign-in asked for")
    func tokens() async throws {
        try await withFactors([.init(.otp)]) { tenant, client in
            let token = try await client.mfaToken(
                from: tenant, scope: "openid read:messages offline_access", audience: "https://api.example.com")
            let answer = try await client.prove(token, otp: tenant.totpCode(for: Self.address))
            #expect(answer.status == 200)
            #expect(answer["scope"] == "openid read:messages offline_access")
            #expect(answer["id_token"] != nil)
            let access = try #require(answer["access_token"])
            #expect(access.split(separator: ".").count == 3)
            #expect(try await client.refresh(#require(answer["refresh_token"])).status == 200)
        }
    }

    @Test("a one-time password of the step before or after works, and one of two steps ago does not")
    func drift() async throws {
        let authenticator = Authenticator(.otp)
        try await withFactors([authenticator]) { tenant, client in
            let totp = try #require(TOTP(secret: authenticator.value))
            for (drift, status) in [(-60.0, 403), (-30, 200), (30, 200), (90, 403)] {
                let code = totp.code(at: await tenant.now + drift)
                #expect(try await client.prove(client.mfaToken(from: tenant), otp: code).status == status)
            }
        }
    }

    @Test("a one-time password works once")
    func once() async throws {
        try await withFactors([.init(.otp)]) { tenant, client in
            let code = try await tenant.totpCode(for: Self.address)
            #expect(try await client.prove(client.mfaToken(from: tenant), otp: code).status == 200)
            let next = try await client.mfaToken(from: tenant)
            expect(try await client.prove(next, otp: code), 403, "invalid_grant", "Invalid otp_code.")
            await tenant.advanceClock(by: 30)
            #expect(try await client.prove(next, otp: tenant.totpCode(for: Self.address)).status == 200)
        }
    }

    @Test("ten wrong codes shut out the right one; six minutes give one more try")
    func wrongCodes() async throws {
        try await withFactors([.init(.otp), Self.sms]) { tenant, client in
            let code = try await tenant.totpCode(for: Self.address)
            let token = try await client.mfaToken(from: tenant)
            for _ in 1...9 {
                expect(try await client.prove(token, otp: wrong(code)), 403, "invalid_grant", "Invalid otp_code.")
            }
            let oobCode = try await client.challenge(token, ["challenge_type": "oob"])["oob_code"]
            let binding = try await tenant.nextCode(for: Self.number)
            expect(
                try await client.prove(token, oobCode: oobCode, bindingCode: wrong(binding)), 403, "invalid_grant",
                "Invalid binding_code.")
            let exhausted = "Too many failed codes. Wait for some minutes before retrying."
            expect(try await client.prove(token, otp: code), 400, "invalid_request", exhausted)
            expect(
                try await client.prove(token, oobCode: oobCode, bindingCode: binding), 400, "invalid_request",
                exhausted)
            await tenant.advanceClock(by: 360)
            expect(try await client.prove(token, otp: "000000"), 403, "invalid_grant", "Invalid otp_code.")
            expect(try await client.prove(token, otp: "000000"), 400, "invalid_request", exhausted)
            await tenant.advanceClock(by: 360)
            let next = try await client.mfaToken(from: tenant)
            #expect(try await client.prove(next, otp: tenant.totpCode(for: Self.address)).status == 200)
        }
    }

    @Test("a wrong binding code leaves the right one good")
    func bindingCode() async throws {
        try await withFactors([Self.sms]) { tenant, client in
            let token = try await client.mfaToken(from: tenant)
            let oobCode = try await client.challenge(token)["oob_code"]
            let code = try await tenant.nextCode(for: Self.number)
            expect(
                try await client.prove(token, oobCode: oobCode, bindingCode: wrong(code)), 403, "invalid_grant",
                "Invalid binding_code.")
            #expect(try await client.prove(token, oobCode: oobCode, bindingCode: code).status == 200)
        }
    }

    @Test("an oob_code has to be there, whole, of this session, and fresh")
    func oobCode() async throws {
        try await withFactors([Self.sms]) { tenant, client in
            let token = try await client.mfaToken(from: tenant)
            let oobCode = try await client.challenge(token)["oob_code"]
            expect(
                try await client.prove(token, oobCode: nil), 400, "invalid_request",
                "Missing required parameter: oob_code")
            expect(
                try await client.prove(token, oobCode: "nonsense"), 403, "invalid_grant", "Malformed oob_code")
            expect(
                try await client.prove(token, oobCode: oobCode), 400, "invalid_request",
                "Missing required parameter: binding_code")
            let other = try await client.mfaToken(from: tenant)
            expect(
                try await client.prove(other, oobCode: oobCode, bindingCode: "000000"), 400, "invalid_request",
                "The oob_code doesn't match the mfa_token")
            await tenant.advanceClock(by: 300)
            expect(
                try await client.prove(token, oobCode: oobCode, bindingCode: "000000"), 403, "expired_token",
                "oob_code is expired")
        }
    }

    @Test("a recovery code works once and brings its successor")
    func recoveryCode() async throws {
        let recovery = Authenticator(.recoveryCode)
        try await withFactors([.init(.otp), recovery]) { tenant, client in
            let answer = try await client.prove(
                client.mfaToken(from: tenant), recoveryCode: recovery.value)
            #expect(answer.status == 200)
            #expect(answer["refresh_token"] != nil)
            let next = try #require(answer["recovery_code"])
            #expect(next.count == 24 && next != recovery.value)
            let token = try await client.mfaToken(from: tenant)
            expect(
                try await client.prove(token, recoveryCode: recovery.value), 403, "invalid_grant",
                "MFA Authorization rejected.")
            #expect(try await client.prove(token, recoveryCode: next).status == 200)
        }
    }

    @Test("ten wrong recovery codes an hour, and no more")
    func wrongRecoveryCodes() async throws {
        let recovery = Authenticator(.recoveryCode)
        try await withFactors([.init(.otp), recovery]) { tenant, client in
            let token = try await client.mfaToken(from: tenant)
            for _ in 1...10 { #expect(try await client.prove(token, recoveryCode: "A").error == "invalid_grant") }
            expect(
                try await client.prove(token, recoveryCode: recovery.value), 400, "invalid_request",
                "Too many failed codes. Wait for some minutes before retrying.")
            #expect(try await client.prove(token, otp: tenant.totpCode(for: Self.address)).status == 200)
        }
    }

    @Test("a post-challenge Action has the last word")
    func denial() async throws {
        try await withFactors([.init(.otp)]) { tenant, client in
            await tenant.denyAfterChallenge(Self.address, "Not from here")
            let token = try await client.mfaToken(from: tenant)
            expect(
                try await client.prove(token, otp: tenant.totpCode(for: Self.address)), 403, "access_denied",
                "Not from here")
        }
    }

    @Test(
        "an application without the grant is told so",
        arguments: [Grant.mfaOTP, .mfaOOB, .mfaRecoveryCode])
    func grantNotEnabled(grant: Grant) async throws {
        let setUp: (inout Options) -> Void = {
            $0.clients = [Client(grants: [.passwordlessOTP, .refreshToken])]
        }
        try await withFactors([.init(.otp)], setUp) { tenant, client in
            let answer = try await client.post(
                "oauth/token", form: ["grant_type": grant.rawValue, "client_id": "postern-dev", "mfa_token": "x"])
            expect(
                answer, 403, "unauthorized_client", "Grant type '\(grant.rawValue)' not allowed for the client.")
        }
    }

    @Test("the ledger knows every secret of it")
    func secrets() async throws {
        try await withFactors([]) { tenant, client in
            let token = try await client.mfaToken(from: tenant)
            let otp = try await client.associate(token, ["authenticator_types": ["otp"]])
            let sms = try await client.associateSMS(token)
            _ = try await client.prove(token, otp: tenant.totpCode(for: Self.address))
            let recovery = try #require(otp.json?["recovery_codes"]?.array?.first?.string)
            let next = try await client.prove(client.mfaToken(from: tenant), recoveryCode: recovery)
            let known = Set(await tenant.knownSecrets.map(\.value))
            for secret in [
                token, recovery, try #require(otp["secret"]), try #require(sms["oob_code"]),
                try #require(next["recovery_code"]), try await tenant.nextCode(for: Self.number),
            ] {
                #expect(known.contains(secret))
            }
        }
    }
}
