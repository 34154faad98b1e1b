import DevTenant
import Testing

@Suite("Authenticators", .timeLimit(.minutes(5)))
struct AuthenticatorTests {
    private static let address = "ada@example.com"

    private static func ids(_ answer: TenantClient.Response) -> [String] {
        answer.json?.array?.compactMap { $0["id"]?.string } ?? []
    }

    @Test("a list shows every authenticator with its channel and masked name, active or not")
    func list() async throws {
        let enrolled = [
            Authenticator(.sms, "+91123459167", isActive: false, device: "dev_a"),
            .init(.recoveryCode, isActive: false, device: "dev_b"), .init(.push, device: "dev_c"),
            .init(.otp, device: "dev_c"), .init(.email, "user@example.com", device: "dev_d"),
            .init(.email, "example.person@gmail.com", device: "dev_e"),
            .init(.push, isActive: false, device: "dev_c", name: "Ada's phone"),
        ]
        try await withFactors(enrolled) { tenant, client in
            let answer = try await client.list(client.mfaToken(from: tenant))
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "application/json; charset=utf-8")
            #expect(
                answer.json == [
                    [
                        "id": "sms|dev_a", "authenticator_type": "oob", "active": false, "oob_channel": "sms",
                        "name": "XXXXXXXX9167",
                    ],
                    ["id": "recovery-code|dev_b", "authenticator_type": "recovery-code", "active": false],
                    ["id": "push|dev_c", "authenticator_type": "oob", "active": true, "oob_channel": "auth0"],
                    ["id": "totp|dev_c", "authenticator_type": "otp", "active": true],
                    [
                        "id": "email|dev_d", "authenticator_type": "oob", "active": true, "oob_channel": "email",
                        "name": "****@exam*******",
                    ],
                    [
                        "id": "email|dev_e", "authenticator_type": "oob", "active": true, "oob_channel": "email",
                        "name": "example*******@gmai*****",
                    ],
                    [
                        "id": "push|dev_c", "authenticator_type": "oob", "active": false, "oob_channel": "auth0",
                        "name": "Ada's phone",
                    ],
                ])
        }
    }

    @Test(
        "types and the plural channel are there on demand",
        arguments: [
            (Options.MFA.ChannelMember.plural, JSON.string("voice")), (.list, JSON.array(["voice"])),
        ])
    func shapes(member: Options.MFA.ChannelMember, channel: JSON) async throws {
        let setUp: (inout Options) -> Void = {
            $0.mfa.channelMember = member
            $0.mfa.listsTypes = true
        }
        try await withFactors([.init(.voice, "+15550100")], setUp) { tenant, client in
            let entry = try await client.list(client.mfaToken(from: tenant)).json?.array?.first
            #expect(entry?["type"] == "phone")
            #expect(entry?["oob_channel"] == nil)
            #expect(entry?["oob_channels"] == channel)
        }
    }

    @Test("nobody enrolled is an empty list")
    func empty() async throws {
        try await withFactors([]) { tenant, client in
            let answer = try await client.list(client.mfaToken(from: tenant))
            #expect(answer.text == "[]")
        }
    }

    @Test("a list wants a token that is known, lives and may read")
    func refusals() async throws {
        try await withFactors([.init(.otp)]) { tenant, client in
            #expect(try await client.get("mfa/authenticators").status == 401)
            expect(try await client.list("nonsense"), 401, "invalid_token", "Invalid token")
            let token = try await client.mfaToken(from: tenant)
            let narrow = try await client.prove(
                client.mfaToken(from: tenant, scope: "enroll", audience: client.issuer + "mfa/"),
                otp: tenant.totpCode(for: Self.address))
            let answer = try await client.list(#require(narrow["access_token"]))
            expect(answer, 403, "insufficient_scope", "Insufficient scope, expected: read:authenticators")
            await tenant.advanceClock(by: 601)
            expect(try await client.list(token), 403, "expired_token", "mfa_token is expired")
        }
    }

    @Test("deleting one takes along what shares its device")
    func deletion() async throws {
        let enrolled = [
            Authenticator(.otp, device: "dev_a"), .init(.sms, "+15550100", device: "dev_b"),
            .init(.voice, "+15550100", device: "dev_b"), .init(.push, device: "dev_c"),
            .init(.otp, isActive: false, device: "dev_c"), .init(.email, Self.address, device: "dev_d"),
        ]
        try await withFactors(enrolled) { tenant, client in
            await tenant.setAuthenticators(enrolled.reversed(), of: Self.address)
            let token = try await client.managementToken(from: tenant)
            let answer = try await client.delete("voice|dev_b", token)
            #expect(answer.status == 204)
            #expect(answer.text.isEmpty)
            #expect(try await client.delete("push|dev_c", token).status == 204)
            #expect(try await Self.ids(client.list(token)) == ["email|dev_d", "totp|dev_a"])
            expect(
                try await client.delete("sms|dev_b", token), 404, "invalid_authenticator",
                "Authenticator not found or inactive")
            #expect(try await client.delete("email|dev_d", token).status == 400)
        }
    }

    @Test("an mfa_token deletes nothing, and neither does an access token without the scope")
    func deletionRefused() async throws {
        try await withFactors([.init(.otp, device: "dev_a")]) { tenant, client in
            let token = try await client.mfaToken(from: tenant)
            #expect(try await client.delete("totp|dev_a", token).status == 401)
            let narrow = try await client.prove(
                client.mfaToken(from: tenant, scope: "read:authenticators", audience: client.issuer + "mfa/"),
                otp: tenant.totpCode(for: Self.address))
            #expect(try await client.delete("totp|dev_a", #require(narrow["access_token"])).status == 403)
            #expect(await tenant.authenticators(of: Self.address).count == 1)
        }
    }
}
