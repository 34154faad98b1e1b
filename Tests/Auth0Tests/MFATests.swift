import DevTenant
import Foundation
import Testing

@testable import Auth0

@Suite("The MFA API")
struct MFATests {
    private static func requirement(_ requirements: String = "") throws -> MFARequirement {
        let text = #"{"error":"mfa_required","mfa_token":"Fe26...Ha"\#(requirements)}"#
        return try #require(MFARequirement(json: Array(text.utf8)))
    }

    private static func list(_ text: String) -> [Auth0.Authenticator]? {
        Auth0.Authenticator.list(json: Array(text.utf8))
    }

    @Test(
        "mfa_required is told by its error, whatever the status and whichever the call",
        arguments: [(403, "mfa_required"), (401, "mfa_required"), (400, "a0.mfa_required")],
        [TenantCall.exchange, .refresh, .otp])
    func required(answer: (status: Int, error: String), call: TenantCall) async throws {
        try await TenantFixture.run { fixture in
            let body = #"{"error":"\#(answer.error)","mfa_token":"Fe26...Ha"}"#
            await fixture.order(.answer(.text(answer.status, body, type: "application/json")), at: call)
            guard case .mfaRequired(let requirement) = await fixture.error(call)?.kind else {
                Issue.record("Not recognised.")
                return
            }
            #expect(requirement.token == Secret("Fe26...Ha"))
            #expect(requirement.challenge == nil && requirement.enroll == nil)
        }
    }

    @Test(
        "without an mfa_token, or with another error, it is none",
        arguments: [
            #"{"error":"mfa_required"}"#, #"{"error":"mfa_required","mfa_token":""}"#, #"{"mfa_token":"x"}"#,
            #"{"error":"invalid_grant","mfa_token":"x"}"#, #"{"error":"mfa_required","mfa_token":7}"#, "[]", "",
        ])
    func notRequired(text: String) {
        #expect(MFARequirement(json: Array(text.utf8)) == nil)
    }

    @Test(
        "of the requirements each shape is read, and junk in them is left out",
        arguments: [
            ("", nil, nil, nil), (#","mfa_requirements":null"#, nil, nil, nil),
            (#","mfa_requirements":"otp""#, nil, nil, nil),
            (#","mfa_requirements":{}"#, nil, nil, nil),
            (
                #","mfa_requirements":{"challenge":[{"type":"otp"},{"type":"phone"}]}"#, ["otp", "phone"], nil, nil
            ),
            (#","mfa_requirements":{"enroll":[{"type":"otp"}]}"#, nil, ["otp"], nil),
            (#","mfa_requirements":{"challenge":[],"enroll":[{"type":"otp"}]}"#, [], ["otp"], nil),
            (#","mfa_requirements":{"challenge":[7,"otp",{},{"type":"otp","x":1}]}"#, ["otp"], nil, nil),
            (#","mfa_requirements":{"challenge":{"type":"otp"}}"#, nil, nil, nil),
            (#","mfa_requirements":{"challenge_types":["otp",3,"oob"]}"#, nil, nil, ["otp", "oob"]),
        ] as [(String, [String]?, [String]?, [String]?)])
    func requirements(text: String, challenge: [String]?, enroll: [String]?, types: [String]?) throws {
        let requirement = try Self.requirement(text)
        #expect(requirement.challenge == challenge)
        #expect(requirement.enroll == enroll)
        #expect(requirement.challengeTypes == types)
    }

    @Test("a requirement allows the factors that it names; a recovery code needs no challenge type")
    func allowed() throws {
        let all = Auth0.Authenticator.Kind.allCases.map { Auth0.Authenticator(id: "\($0)", kind: $0, name: nil) }
        func allowed(_ text: String) throws -> [Auth0.Authenticator.Kind] {
            let requirement = try Self.requirement(#","mfa_requirements":\#(text)"#)
            return all.filter(requirement.allows).map(\.kind)
        }
        #expect(try allowed("{}") == all.map(\.kind))
        #expect(try allowed(#"{"challenge":[]}"#) == all.map(\.kind))
        #expect(
            try allowed(#"{"challenge":[{"type":"phone"},{"type":"push-notification"}]}"#) == [.sms, .voice, .push])
        #expect(try allowed(#"{"challenge":[{"type":"recovery-code"}]}"#) == [.recoveryCode])
        #expect(try allowed(#"{"challenge":[{"type":"webauthn-roaming"}]}"#) == [])
        #expect(try allowed(#"{"challenge_types":["otp"]}"#) == [.otp, .recoveryCode])
        #expect(try allowed(#"{"challenge_types":["oob"]}"#) == [.sms, .voice, .email, .push, .recoveryCode])
    }

    @Test("of a list as recorded the active factors are taken, by type and channel")
    func recordedList() throws {
        let list = try #require(
            Self.list(
                """
                [{"id":"sms|dev_klnv5yshzzoosSUm","authenticator_type":"oob","active":false,"oob_channel":"sms"},
                {"id":"push|dev_BBTKYpxKHOXVBnql","authenticator_type":"oob","active":true,"oob_channel":"auth0"},
                {"id":"totp|dev_wLdxko6pjg6ziKL9","authenticator_type":"otp"},
                {"id":"voice|dev_W","authenticator_type":"oob","active":true,"oob_channel":"voice","type":"phone"},
                {"id":"recovery-code|dev_Z","authenticator_type":"recovery-code","active":true,"type":"recovery-code"},
                {"id":"email|dev_h","authenticator_type":"oob","active":true,"oob_channel":"email","name":"****@ex"}]
                """))
        #expect(list.map(\.kind) == [.push, .otp, .voice, .recoveryCode, .email])
        #expect(list.map(\.id).first == "push|dev_BBTKYpxKHOXVBnql")
        #expect(list.last?.name == "****@ex")
    }

    @Test("the channel may stand under oob_channels, alone or in a list")
    func channels() {
        for channel in [#""oob_channels":"sms""#, #""oob_channels":["sms"]"#, #""oob_channel":"sms","oob_channels":7"#]
        {
            let list = Self.list(#"[{"id":"sms|1","authenticator_type":"oob","active":true,\#(channel)}]"#)
            #expect(list == [.init(id: "sms|1", kind: .sms, name: nil)])
        }
    }

    @Test(
        "junk in a list is left out: other shapes, unknown kinds, what cannot be shown",
        arguments: [
            "null", "7", "{}", #"{"id":"x"}"#, #"{"id":"","authenticator_type":"otp"}"#,
            #"{"id":"totp|\u001b[31m","authenticator_type":"otp"}"#,
            #"{"id":"webauthn|1","authenticator_type":"webauthn-roaming"}"#,
            #"{"id":"x|1","authenticator_type":"oob","oob_channel":"pigeon"}"#,
            #"{"id":"x|1","authenticator_type":"oob"}"#, #"{"id":"totp|2","authenticator_type":"otp","active":"yes"}"#,
        ])
    func junk(entry: String) {
        let good = #"{"id":"totp|1","authenticator_type":"otp","active":true,"name":7}"#
        #expect(Self.list("[\(entry),\(good)]") == [.init(id: "totp|1", kind: .otp, name: nil)])
    }

    @Test("of two entries with one identifier the active one counts, once")
    func duplicates() {
        func entry(_ isActive: Bool) -> String {
            #"{"id":"totp|1","authenticator_type":"otp","active":\#(isActive)}"#
        }
        #expect(Self.list("[\(entry(false)),\(entry(true)),\(entry(true))]")?.count == 1)
        #expect(Self.list("[]") == [])
        #expect(Self.list("{}") == nil)
    }

    @Test("a device's name is printable")
    func name() {
        let list = Self.list(
            #"[{"id":"push|1","authenticator_type":"oob","oob_channel":"auth0","name":"Ada\u0007\u001b[1m"}]"#)
        #expect(list?.first?.name == "Ada [1m")
    }

    @Test(
        "the tenant's own list is understood in each of its shapes",
        arguments: [Options.MFA.ChannelMember.singular, .plural, .list], [true, false])
    func tenantList(member: Options.MFA.ChannelMember, listsTypes: Bool) async throws {
        try await TenantFixture.run(tenant: {
            $0.mfa.policy = .always
            $0.mfa.channelMember = member
            $0.mfa.listsTypes = listsTypes
        }) { fixture in
            await fixture.tenant.setAuthenticators(
                [
                    .init(.otp), .init(.sms, "+15550100"), .init(.voice, "+15550100", isActive: false), .init(.push),
                    .init(.email, "ada@example.com"), .init(.recoveryCode),
                ], of: TenantFixture.person)
            let list = try await fixture.api.authenticators(try await fixture.mfaToken())
            #expect(list.map(\.kind) == [.otp, .sms, .push, .email, .recoveryCode])
        }
    }

    @Test(
        "an answer says how it is to be proven: a prompt for a code, or without one by approval",
        arguments: [
            (#"{"challenge_type":"otp"}"#, .otp),
            (#"{"challenge_type":"oob","oob_code":"x","binding_method":"prompt"}"#, .message(oob: Secret("x"))),
            (#"{"challenge_type":"oob","oob_code":"x"}"#, .push(oob: Secret("x"))),
            (#"{"authenticator_type":"oob","oob_code":"x"}"#, .push(oob: Secret("x"))),
            (#"{"challenge_type":"oob"}"#, nil), (#"{"challenge_type":"pigeon","oob_code":"x"}"#, nil), ("{}", nil),
        ] as [(String, MFAChallenge?)])
    func challenges(text: String, challenge: MFAChallenge?) throws {
        let members = try JSONDecoder().decode(MFAChallenge.Members.self, from: Data(text.utf8))
        #expect(members.challenge == challenge)
        // What was not asked for contradicts it.
        #expect(members.challenge(ofType: challenge == .otp ? "otp" : "oob") == challenge)
        #expect(members.challenge(ofType: challenge == .otp ? "oob" : "otp") == nil)
    }

    @Test(
        "an enrolment that is answered with another type breaks the protocol",
        arguments: [
            (MFAEnrollment.otp, #"{"authenticator_type":"oob","oob_code":"x"}"#),
            (.sms("+15550100"), #"{"authenticator_type":"otp","secret":"AAAA"}"#),
            (.push, #"{"authenticator_type":"otp","secret":"AAAA"}"#),
        ])
    func otherType(enrollment: MFAEnrollment, answer: String) async throws {
        try await TenantFixture.run { fixture in
            await fixture.order(.answer(.text(200, answer, type: "application/json")), at: .associate)
            await #expect(throws: Auth0Error.self) {
                _ = try await fixture.api.associate(enrollment, TenantFixture.mfaToken)
            }
        }
    }

    @Test("an mfa_token that no header can hold is none", arguments: ["a\r\nX-Evil: 1", "\u{E9}\u{0}", "a b"])
    func token(token: String) throws {
        let json = try JSONEncoder().encode(["error": "mfa_required", "mfa_token": token])
        #expect(MFARequirement(json: Array(json)) == nil)
    }

    @Test("an enrolment brings what the person needs, made printable, and nothing that is no text")
    func association() throws {
        let text = """
            {"authenticator_type":"otp","secret":"HJ6X\\u001bM2DN","barcode_uri":"otpauth://totp/T:u%40e?secret=HJ6XM2DN",
            "recovery_codes":["N3BG",7,"M\\u00072"]}
            """
        let association = try #require(MFAAssociation(json: Array(text.utf8)))
        #expect(association.secret == Secret("HJ6X M2DN"))
        #expect(association.barcodeURI == Secret("otpauth://totp/T:u%40e?secret=HJ6XM2DN"))
        #expect(association.recoveryCodes == [Secret("N3BG"), Secret("M 2")])
        #expect(!String(reflecting: association).contains("HJ6X"))
        #expect(MFAAssociation(json: Array(#"{"authenticator_type":"otp","secret":7}"#.utf8)) == nil)
        #expect(MFAAssociation(json: Array(#"{"authenticator_type":"oob"}"#.utf8)) == nil)
    }

    @Test("the text of a picture is not cut")
    func longPicture() throws {
        let uri = "otpauth://totp/" + String(repeating: "a", count: 1500)
        let text = #"{"authenticator_type":"otp","barcode_uri":"\#(uri)"}"#
        #expect(try #require(MFAAssociation(json: Array(text.utf8))).barcodeURI == Secret(uri))
    }

    @Test("a proof brings the new recovery code with the tokens, and nothing of another type")
    func recoveryCode() throws {
        func code(_ member: String) throws -> Secret? {
            let text = #"{"access_token":"a","token_type":"Bearer","expires_in":60,"recovery_code":\#(member)}"#
            return try TokenResponse(json: Array(text.utf8)).recoveryCode
        }
        #expect(try code(#""17EQHNZC2SZDYG7X4QXVX9SW""#) == Secret("17EQHNZC2SZDYG7X4QXVX9SW"))
        #expect(try code("7") == nil)
        #expect(try code(#""""#) == nil)
    }
}
