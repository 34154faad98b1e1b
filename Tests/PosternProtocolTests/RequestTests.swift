import PosternProtocol
import Testing

@Suite("Requests on the wire")
struct RequestTests {
    @Test("an envelope has the version, an id, the method and its params")
    func envelope() throws {
        #expect(
            try wire(RequestEnvelope(id: 3, params: GetToken(profile: "work")))
                == #"{"id":3,"jsonrpc":"2.0","method":"token.get","params":{"profile":"work"}}"#)
    }

    @Test("an answer is a result or an error")
    func answer() throws {
        let result: ResponseEnvelope<Logout.Response> = try unwire(
            #"{"jsonrpc":"2.0","id":1,"result":{"revoked":true,"deleted":false,"reason":"x"}}"#)
        #expect(try result.outcome.get() == Logout.Response(revoked: true, deleted: false, reason: "x"))
        let error: ResponseEnvelope<Logout.Response> = try unwire(
            #"{"jsonrpc":"2.0","id":1,"error":{"code":1001,"message":"m","data":{"reason":"login_required","retryable":false}}}"#
        )
        #expect(throws: AgentError.self) { try error.outcome.get() }
    }

    @Test("the methods and params have the contract's names")
    func names() {
        func names<R: Request>(_ type: R.Type) -> String {
            "\(R.method) " + R.CodingKeys.allCases.map(\.stringValue).sorted().joined(separator: " ")
        }
        let all = [
            names(Hello.self), names(GetStatus.self), names(Reload.self), names(GetToken.self), names(GetIDToken.self),
            names(StartLogin.self), names(AnswerLogin.self), names(ResendCode.self), names(WaitForLogin.self),
            names(CancelLogin.self), names(Logout.self), names(ListProfiles.self), names(RemoveProfile.self),
            names(SetClientSecret.self), names(UnlockKeyring.self),
        ]
        #expect(
            all == [
                "agent.hello ", "agent.status ", "agent.reload ",
                "token.get audience force join_login min_ttl profile rejected scope wait", "idtoken.get profile",
                "login.start client_ip connection language profile restart send ui username",
                "login.answer code enroll factor login_id recovery_code", "login.resend login_id",
                "login.wait login_id seen timeout", "login.cancel login_id", "logout profile revoke", "profile.list ",
                "profile.remove keep name", "client_secret.set private_key profile secret",
                "keyring.unlock timeout ui",
            ])
    }

    @Test("profile.add takes the keys of the configuration, numbers also as numbers")
    func addProfile() throws {
        let request: AddProfile = try unwire(#"{"name":"work","domain":"a.com","client_id":"x","refresh_margin":60}"#)
        #expect(request.name == "work")
        #expect(request.settings == [.domain: "a.com", .clientID: "x", .refreshMargin: "60"])
        #expect(throws: DecodingError.self) { try unwire(#"{"domain":"a.com"}"#, as: AddProfile.self) }
    }

    @Test("a token's answer")
    func token() throws {
        try expectWire(
            GetToken.Response(
                accessToken: "t", tokenType: "Bearer", expiresAt: 9, expiresIn: 4, scope: "openid", audience: nil,
                profile: "work", from: .refresh),
            #"{"access_token":"t","expires_at":9,"expires_in":4,"from":"refresh","profile":"work","scope":"openid","token_type":"Bearer"}"#
        )
    }

    @Test("the answer about factors is a list, or the login that comes first")
    func answerOrLogin() throws {
        try expectWire(
            ListFactors.Response.answer(.init(factors: [Factor(id: "totp|1", type: .otp)])),
            #"{"factors":[{"id":"totp|1","type":"otp"}]}"#)
        try expectWire(
            ListFactors.Response.login(
                LoginState(loginID: "x", profile: "work", revision: 2, expiresAt: 9, step: .recoveryCode(.init()))),
            #"{"expires_at":9,"login_id":"x","profile":"work","revision":2,"step":{"kind":"recovery_code"}}"#)
        try expectWire(RemoveFactor.Response.answer(Empty()), "{}")
    }

    @Test("a profile's status")
    func status() throws {
        var status = ProfileStatus(
            name: "work", issuer: "https://a/", state: .mfaRequired, persist: "keyring", saved: false)
        try expectWire(
            status, #"{"issuer":"https://a/","name":"work","persist":"keyring","saved":false,"state":"mfa_required"}"#)
        status.accessExpiresAt = 1
        status.refreshDueAt = 2
        status.loginEndsAt = 3
        status.lastError = AgentError(.timeout, "m")
        let text = try wire(status)
        for name in ["access_expires_at", "refresh_due_at", "login_ends_at", "last_error"] {
            #expect(text.contains("\"\(name)\":"))
        }
    }

    @Test(
        "any JSON value passes through unchanged",
        arguments: [
            "null", "true", "0", "-7", "1.5", "\"x\"", "[]", "{}", #"{"a":[1,null,{"b":false}]}"#, "9007199254740993",
        ])
    func anyValue(text: String) throws {
        #expect(try wire(try unwire(text, as: JSONValue.self)) == text)
    }
}
