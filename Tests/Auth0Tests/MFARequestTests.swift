import DevTenant
import Foundation
import Testing

@testable import Auth0

@Suite("Requests of the MFA API on the wire")
struct MFARequestTests {
    @Test("a challenge names the token, the type and the authenticator, and has no Authorization header")
    func challenge() async throws {
        try await TenantFixture.run { fixture in
            _ = await fixture.error(.challenge)
            let request = await fixture.tenant.requests(to: .challenge).first
            let members = try RequestTests.members(request)
            #expect(
                members as? [String: String] == [
                    "client_id": "postern-dev", "mfa_token": "an mfa token", "challenge_type": "oob",
                    "authenticator_id": "sms|dev_1",
                ])
            #expect(request?.headers["authorization"] == nil)
        }
    }

    @Test(
        "an enrolment names its types, channel and address",
        arguments: [
            (MFAEnrollment.otp, ["otp"], nil, nil), (.push, ["oob"], ["auth0"], nil),
            (.sms("+15550100"), ["oob"], ["sms"], ("phone_number", "+15550100")),
            (.voice("+15550100"), ["oob"], ["voice"], ("phone_number", "+15550100")),
            (.email("ada@example.com"), ["oob"], ["email"], ("email", "ada@example.com")),
        ] as [(MFAEnrollment, [String], [String]?, (String, String)?)])
    func associate(
        enrollment: MFAEnrollment, types: [String], channels: [String]?, address: (name: String, value: String)?
    ) async throws {
        try await TenantFixture.run { fixture in
            // Whether the tenant takes it is not what is asked here.
            _ = try? await fixture.api.associate(enrollment, TenantFixture.mfaToken)
            let request = await fixture.tenant.requests(to: .associate).first
            #expect(request?.headers["authorization"] == "Bearer an mfa token")
            let members = try RequestTests.members(request)
            #expect(members["authenticator_types"] as? [String] == types)
            #expect(members["oob_channels"] as? [String] == channels)
            #expect(members["phone_number"] as? String == (address?.name == "phone_number" ? address?.value : nil))
            #expect(members["email"] as? String == (address?.name == "email" ? address?.value : nil))
            #expect(members["client_id"] as? String == "postern-dev")
        }
    }

    @Test("where the Authorization header has a bearer token, the client's secret goes into the body")
    func bearerAndSecret() async throws {
        try await TenantFixture.run(authentication: .secretBasic(Secret("s3cret"))) { fixture in
            _ = await fixture.error(.associate)
            _ = await fixture.error(.challenge)
            let associate = await fixture.tenant.requests(to: .associate).first
            #expect(associate?.headers["authorization"] == "Bearer an mfa token")
            let members = try RequestTests.members(associate)
            #expect(members["client_secret"] as? String == "s3cret")
            let challenge = await fixture.tenant.requests(to: .challenge).first
            #expect(challenge?.headers["authorization"]?.hasPrefix("Basic ") == true)
            #expect(try RequestTests.members(challenge)["client_secret"] == nil)
        }
    }

    @Test("an identifier in a path is percent-encoded to the last reserved character")
    func removal() async throws {
        try await TenantFixture.run { fixture in
            _ = try? await fixture.api.removeAuthenticator("push|dev_BB/../?é-._~", TenantFixture.mfaToken)  // unknown
            let request = await fixture.tenant.requests(to: .authenticator).first
            #expect(request?.method == "DELETE")
            #expect(request?.path == "/mfa/authenticators/push%7Cdev_BB%2F..%2F%3F%C3%A9-._~")
            #expect(request?.headers["authorization"] == "Bearer an mfa token")
            #expect(request?.body == "")
        }
    }

    @Test(
        "a proof is one of the three grants with what it takes",
        arguments: [
            (MFAProof.otp(Secret("1")), ["grant_type": "otp", "otp": "1"]),
            (
                .message(code: Secret("2"), oob: Secret("x")),
                ["grant_type": "oob", "oob_code": "x", "binding_code": "2"]
            ),
            (.push(oob: Secret("x")), ["grant_type": "oob", "oob_code": "x"]),
            (.recoveryCode(Secret("3")), ["grant_type": "recovery-code", "recovery_code": "3"]),
        ] as [(MFAProof, [String: String])])
    func proof(proof: MFAProof, expected: [String: String]) async throws {
        try await TenantFixture.run { fixture in
            _ = try? await fixture.api.prove(proof, mfaToken: TenantFixture.mfaToken)  // refused
            var members = expected
            members["grant_type"] = "http://auth0.com/oauth/grant-type/mfa-" + (expected["grant_type"] ?? "")
            members["mfa_token"] = "an mfa token"
            members["client_id"] = "postern-dev"
            let sent = try RequestTests.members(await fixture.tenant.requests(to: .token).first)
            #expect(sent as? [String: String] == members)
        }
    }

    @Test("the tenant takes each proof for tokens, and an access token of the MFA API for managing factors")
    func tenantTakesProofs() async throws {
        try await TenantFixture.run(tenant: { $0.mfa.policy = .enrolled }) { fixture in
            let recovery = "M".padding(toLength: 24, withPad: "7", startingAt: 0)
            await fixture.tenant.setAuthenticators(
                [.init(.otp), .init(.sms, "+15550100"), .init(.push), .init(.recoveryCode, recovery)],
                of: TenantFixture.person)
            let api = fixture.api
            let token = try await fixture.mfaToken()
            let factors = try await api.authenticators(token)
            guard case .message(let oob) = try await api.challenge(factors[1], mfaToken: token) else {
                Issue.record("No message.")
                return
            }
            let code = Secret(try await fixture.tenant.nextCode(for: "+15550100"))
            let tokens = try await api.prove(.message(code: code, oob: oob), mfaToken: token)
            #expect(tokens.refreshToken != nil && tokens.recoveryCode == nil)

            let second = try await fixture.mfaToken()
            let proven = try await api.prove(.recoveryCode(Secret(recovery)), mfaToken: second)
            #expect(proven.recoveryCode.map { $0.revealed.count } == 24)

            let third = try await fixture.mfaToken(
                scope: AuthenticationAPI.mfaScopes.joined(separator: " "), audience: api.mfaAudience)
            guard case .push(let push) = try await api.challenge(factors[2], mfaToken: third) else {
                Issue.record("No push.")
                return
            }
            try await fixture.tenant.approvePush(for: TenantFixture.person)
            let access = try await api.prove(.push(oob: push), mfaToken: third).accessToken
            #expect(try await api.authenticators(access).count == 4)
        }
    }
}
