import DevTenant
import TestSupport
import Testing

@Suite("Managing one's factors")
struct FactorManagementTests {
    private static let otp = Authenticator(.otp, device: "dev_app")
    private static let sms = Authenticator(.sms, Reachable.phone, device: "dev_phone")
    private static let voice = Authenticator(.voice, Reachable.phone, device: "dev_phone")

    /// Ada is signed in without a second factor; the MFA API asks for one whoever has it. What a sign-in for it brings serves one connection.
    private func withSignedIn(
        _ factors: [Authenticator], _ body: @escaping @Sendable (RunningAgent, AgentConnection) async throws -> Void
    ) async throws {
        try await withFactors(factors, Options()) { agent in
            try await agent.signIn()
            try await body(agent, try agent.connect())
        }
    }

    /// Finishes the sign-in that a call was answered with.
    private func signIn(_ state: JSON, to agent: RunningAgent, over connection: AgentConnection) async throws {
        #expect(state["step"]?["kind"] == "code")
        let login = try Login(state, of: agent, over: connection)
        var step = try await login.answer(code: agent.tenant.nextCode(for: RunningAgent.person))
        if step["kind"] == "choose_factor" { step = try await login.answer(["factor": .string(Self.otp.id)]) }
        if step["kind"] == "factor_code" { step = try await login.answer(code: agent.totpCode) }
        #expect(step["kind"] == "signed_in")
    }

    private func refusal(_ call: () async throws -> Void) async throws -> Refusal? {
        do {
            try await call()
            return nil
        } catch let refusal as Refusal {
            return refusal
        }
    }

    @Test("a list wants a sign-in for the MFA API first, which leaves the profile's tokens alone")
    func list() async throws {
        try await withSignedIn([Self.otp, Self.sms, Self.voice]) { agent, own in
            let token = try await agent.token()
            let record = try await agent.record()
            let state = try await own.call("mfa.list")
            #expect(state["profile"] == "work" && state["factors"] == nil)
            try await signIn(state, to: agent, over: own)
            let exchange = await agent.tenant.requests(to: .token, grant: .passwordlessOTP).last
            #expect(exchange?.body.contains("mfa") == true && exchange?.body.contains("offline_access") == false)
            let factors = try await own.call("mfa.list")["factors"]
            #expect(
                factors == [
                    ["id": "totp|dev_app", "type": "otp"],
                    ["id": "sms|dev_phone", "type": "phone", "channel": "sms", "name": "XXXXX0100"],
                    ["id": "voice|dev_phone", "type": "phone", "channel": "voice", "name": "XXXXX0100"],
                ])
            #expect(try await agent.token() == token)
            #expect(try await agent.record() == record)
            #expect(await agent.tenant.requests(to: .revoke).isEmpty)
            // The access serves this connection alone, and is in memory alone.
            #expect(try await agent.call("mfa.list")["login_id"] != nil)
            try await agent.restart()
            #expect(try await agent.call("mfa.list")["login_id"] != nil)
        }
    }

    @Test("a factor is added and confirmed, listed, and removed with what shares its device")
    func addAndRemove() async throws {
        try await withSignedIn([Self.otp]) { agent, own in
            let token = try await agent.token()
            let phone: JSON = ["type": "phone", "phone_number": .string(Reachable.phone)]
            try await signIn(try await own.call("mfa.enroll", phone), to: agent, over: own)
            let state = try await own.call("mfa.enroll", phone)
            #expect(state["step"]?["kind"] == "enroll_confirm" && state["step"]?["types"] == nil)
            let recovery = state["step"]?["recovery_codes"]?.array
            #expect(recovery?.count == 1)
            let login = try Login(state, of: agent, over: own)
            #expect(try await login.step()["recovery_codes"] == nil)
            let code = try await agent.tenant.nextCode(for: Reachable.phone)
            #expect(try await login.refusal(of: ["code": .string(wrong(code))])?.code == 1008)
            #expect(try await login.answer(code: code)["kind"] == "signed_in")
            #expect(await agent.activeFactors() == [.otp, .sms, .voice, .recoveryCode])

            let listed = try await own.call("mfa.list")["factors"]?.array
            let sms = try #require(listed?.first { $0["channel"] == "sms" }?["id"])
            #expect(try await own.call("mfa.remove", ["id": sms]) == [:])
            #expect(await agent.activeFactors() == [.otp, .recoveryCode])
            #expect(try await refusal { try await own.call("mfa.remove", ["id": sms]) } != nil)
            #expect(try await agent.token() == token)
        }
    }

    @Test("who has no factor yet adds the first one, whose key oathtool understands")
    func first() async throws {
        try await withSignedIn([]) { agent, own in
            try await signIn(try await own.call("mfa.enroll", ["type": "otp"]), to: agent, over: own)
            let state = try await own.call("mfa.enroll", ["type": "otp"])
            let login = try Login(state, of: agent, over: own)
            let code = try await oathtoolCode(#require(state["step"]?["secret"]?.string))
            #expect(try await login.answer(code: code)["kind"] == "signed_in")
            #expect(await agent.activeFactors() == [.otp, .recoveryCode])
        }
    }

    @Test("a push app is added when the person has scanned its picture")
    func push() async throws {
        try await withSignedIn([]) { agent, own in
            try await signIn(try await own.call("mfa.enroll", ["type": "push-notification"]), to: agent, over: own)
            let state = try await own.call("mfa.enroll", ["type": "push-notification"])
            #expect(state["step"]?["uri"] != nil)
            try await agent.tenant.approvePush(for: RunningAgent.person)
            #expect(try await Login(state, of: agent, over: own).stepAfter("enroll_confirm")["kind"] == "signed_in")
            #expect(await agent.activeFactors().contains(.push))
        }
    }

    @Test("the access to the factors ends after ten minutes, and a sign-in is asked for again")
    func accessEnds() async throws {
        try await withSignedIn([]) { agent, own in
            try await signIn(try await own.call("mfa.list"), to: agent, over: own)
            #expect(try await own.call("mfa.list") == ["factors": []])
            await agent.tenant.advanceClock(by: 600)
            #expect(try await own.call("mfa.list")["step"]?["kind"] == "code")
        }
    }

    @Test("nothing is sent for who is not signed in, or asks for what cannot be")
    func refused() async throws {
        try await withFactors([], Options()) { agent in
            for (method, params) in [
                ("mfa.list", [:]), ("mfa.enroll", ["type": "otp"]), ("mfa.remove", ["id": "totp|dev_x"]),
            ] as [(String, JSON)] {
                #expect(try await agent.refusal(of: method, params)?.code == 1001)
            }
            try await agent.signIn()
            #expect(try await agent.refusal(of: "mfa.enroll", ["type": "recovery-code"])?.code == -32602)
            #expect(try await agent.refusal(of: "mfa.enroll", ["type": "phone"])?.data["missing"] == ["phone_number"])
            #expect(await agent.tenant.messages.count == 1)
        }
    }

    @Test("a sign-in for the factors is given up without harm, and another profile's sign-in is none of its business")
    func cancelled() async throws {
        try await withSignedIn([Self.otp]) { agent, connection in
            let token = try await agent.token()
            let managing = try Login(try await connection.call("mfa.list"), of: agent)
            #expect(try await connection.call("mfa.list")["login_id"] == managing.id)
            // Nobody else learns of it.
            #expect(try await agent.call("mfa.list")["login_id"] != managing.id)
            let signingIn = try await agent.startLogin()
            #expect(signingIn.id != managing.id)
            try await managing.cancel()
            #expect(try await managing.step()["kind"] == "failed")
            #expect(try await signingIn.step()["kind"] == "code")
            #expect(try await agent.token() == token)
            #expect(try await connection.call("mfa.list")["login_id"] != managing.id)
        }
    }
}
