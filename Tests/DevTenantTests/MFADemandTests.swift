import DevTenant
import Foundation
import Testing

@Suite("The demand for a second factor", .timeLimit(.minutes(5)))
struct MFADemandTests {
    private static let address = "ada@example.com"

    @Test("without a policy nobody is asked, enrolled or not")
    func never() async throws {
        try await withFactors([.init(.otp)], { $0.mfa.policy = .never }) { tenant, client in
            let answer = try await client.signIn(to: tenant)
            #expect(answer.status == 200)
        }
    }

    @Test("who has no active factor is let in by the policy for the enrolled")
    func enrolled() async throws {
        let inactive = Authenticator(.otp, isActive: false)
        try await withFactors([inactive, .init(.recoveryCode)], { $0.mfa.policy = .enrolled }) { tenant, client in
            let welcome = try await client.signIn(to: tenant)
            #expect(welcome.status == 200)
            await tenant.setAuthenticators([.init(.otp)], of: Self.address)
            #expect(try await client.signIn(to: tenant).error == "mfa_required")
        }
    }

    @Test("a person's own policy takes the place of the tenant's")
    func ownPolicy() async throws {
        try await withFactors([.init(.otp)]) { tenant, client in
            await tenant.setMFAPolicy(.never, for: Self.address)
            let welcome = try await client.signIn(to: tenant)
            #expect(welcome.status == 200)
            await tenant.setMFAPolicy(nil, for: Self.address)
            #expect(try await client.signIn(to: tenant).error == "mfa_required")
        }
    }

    @Test("the demand is a 403 with an mfa_token of eight fields, longer than a kilobyte, that shows its end")
    func answer() async throws {
        try await withFactors([.init(.otp)]) { tenant, client in
            let answer = try await client.signIn(to: tenant)
            expect(answer, 403, "mfa_required", "Multifactor authentication required")
            #expect(answer.json?["mfa_requirements"] == nil)
            let token = try #require(answer["mfa_token"])
            let fields = token.split(separator: "*", omittingEmptySubsequences: false)
            #expect(token.utf8.count > 1024)
            #expect(fields.count == 8)
            #expect(fields[0] == "Fe26.2")
            let end = try #require(Double(fields[5]))
            #expect(abs(end / 1000 - (await tenant.now.timeIntervalSince1970 + 600)) < 1)
        }
    }

    @Test("its status can be 401")
    func status() async throws {
        try await withFactors([.init(.otp)], { $0.mfa.requiredStatus = 401 }) { tenant, client in
            let answer = try await client.signIn(to: tenant)
            #expect(answer.status == 401)
        }
    }

    @Test("the code that brought the demand is used up")
    func codeIsUsedUp() async throws {
        try await withFactors([.init(.otp)]) { tenant, client in
            try await client.start()
            let code = try await tenant.nextCode(for: Self.address)
            #expect(try await client.redeem(code).error == "mfa_required")
            #expect(try await client.redeem(code).error == "invalid_grant")
        }
    }

    @Test("customizable MFA names the factors to prove, or to enrol")
    func factors() async throws {
        let phone = Authenticator(.sms, "+15550100")
        let enrolled = [
            .init(.otp), .init(.push), phone, Authenticator(.voice, "+15550100", device: phone.device),
            .init(.recoveryCode), .init(.email, Self.address),
        ]
        try await withFactors(enrolled, { $0.mfa.requirements = .factors }) { tenant, client in
            let challenge = try await client.signIn(to: tenant)
            #expect(
                challenge.json?["mfa_requirements"] == [
                    "challenge": [
                        ["type": "otp"], ["type": "push-notification"], ["type": "phone"],
                        ["type": "recovery-code"], ["type": "email"],
                    ]
                ])
            let enroll = try await client.signIn(to: tenant, as: "bob@example.com")
            #expect(
                enroll.json?["mfa_requirements"] == [
                    "enroll": [["type": "otp"], ["type": "phone"], ["type": "push-notification"]]
                ])
        }
    }

    @Test("the other shape lists challenge types and has no description")
    func challengeTypes() async throws {
        let enrolled = [Authenticator(.otp), .init(.sms, "+15550100"), .init(.recoveryCode)]
        try await withFactors(enrolled, { $0.mfa.requirements = .challengeTypes }) { tenant, client in
            let answer = try await client.signIn(to: tenant)
            #expect(answer.json?["mfa_requirements"] == ["challenge_types": ["otp", "oob"]])
            #expect(answer.description == nil)
        }
    }

    @Test("a demand at refresh leaves the refresh token as it was; the proof exchanges it for what was asked")
    func refresh() async throws {
        try await withFactors([.init(.otp)], { $0.mfa.policy = .never }) { tenant, client in
            let token = try #require(try await client.signIn(to: tenant)["refresh_token"])
            await tenant.setMFAPolicy(.refresh)
            let demand = try await client.refresh(token, scope: "openid email")
            expect(demand, 403, "mfa_required", "Multifactor authentication required")
            #expect(try await client.refresh(token).error == "mfa_required")

            let answer = try await client.prove(
                #require(demand["mfa_token"]), otp: tenant.totpCode(for: Self.address))
            #expect(answer.status == 200)
            #expect(answer["scope"] == "openid email")
            let successor = try #require(answer["refresh_token"])
            #expect(successor != token)
            await tenant.setMFAPolicy(.never)
            #expect(try await client.refresh(successor).status == 200)
        }
    }

    @Test("a demand at refresh remembers the audience that was asked for")
    func refreshForAnotherAPI() async throws {
        let setUp: (inout Options) -> Void = {
            $0.mfa.policy = .never
            $0.apis.append(API(identifier: "https://other.example.com", scopes: ["read:other"]))
            $0.clients = [
                Client(
                    refreshTokens: .init(
                        resources: [.init(audience: "https://other.example.com", scopes: ["read:other"])]))
            ]
        }
        try await withFactors([.init(.otp)], setUp) { tenant, client in
            let signIn = try await client.signIn(
                to: tenant, scope: "read:messages offline_access", audience: "https://api.example.com")
            await tenant.setMFAPolicy(.refresh)
            let demand = try await client.refresh(
                #require(signIn["refresh_token"]), audience: "https://other.example.com")
            let answer = try await client.prove(
                #require(demand["mfa_token"]), otp: tenant.totpCode(for: Self.address))
            #expect(answer["scope"] == "offline_access read:other")
        }
    }

    @Test("a demand at refresh that nobody answers does no harm")
    func unansweredRefresh() async throws {
        try await withFactors([.init(.otp)], { $0.mfa.policy = .never }) { tenant, client in
            let token = try #require(try await client.signIn(to: tenant)["refresh_token"])
            await tenant.setMFAPolicy(.refresh)
            #expect(try await client.refresh(token).error == "mfa_required")
            await tenant.setMFAPolicy(.always)
            #expect(try await client.refresh(token).status == 200)
        }
    }

    @Test("the MFA API asks whoever has a factor, and its tokens live for 600 seconds")
    func audience() async throws {
        try await withFactors([.init(.otp)], { $0.mfa.policy = .never }) { tenant, client in
            let token = try await client.managementToken(from: tenant)
            #expect(try await client.list(token).status == 200)
            await tenant.advanceClock(by: 600)
            expect(try await client.list(token), 401, "invalid_token", "Invalid token")
            let newcomer = try await client.signIn(
                to: tenant, as: "bob@example.com", scope: "enroll offline_access", audience: client.issuer + "mfa/")
            #expect(newcomer["scope"] == "enroll")
            #expect(newcomer["refresh_token"] == nil)
        }
    }
}
