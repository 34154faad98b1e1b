import PosternProtocol
import Testing

@Suite("Errors on the wire")
struct AgentErrorTests {
    static let codes: [(Int, String, Int32)] = [
        (1001, "login_required", 77), (1002, "unknown_profile", 66), (1003, "agent_locked", 77),
        (1004, "keyring_locked", 75),
        (1005, "keyring_unavailable", 74), (1006, "offline", 75), (1007, "rate_limited", 75), (1008, "wrong_code", 65),
        (1009, "code_expired", 65), (1010, "too_many_attempts", 65), (1011, "mfa_required", 77),
        (1012, "login_not_found", 65),
        (1013, "wrong_step", 65), (1014, "denied", 77), (1015, "misconfigured", 78), (1016, "timeout", 75),
        (1017, "ttl_unavailable", 65), (1018, "scope_not_granted", 77), (1019, "busy", 75), (1020, "tenant_error", 76),
        (1021, "id_token_invalid", 76), (-32602, "invalid_params", 64), (-32603, "internal_error", 70),
    ]

    @Test("each code has the contract's reason and exit status", arguments: 0..<23)
    func table(index: Int) throws {
        let (number, reason, status) = Self.codes[index]
        let code = AgentError.Code(rawValue: number)
        #expect(code.reason == reason)
        #expect(code.exitStatus == status)
        #expect(AgentError(code, "").data.reason == reason)
    }

    @Test("only what waiting alone may cure is retryable", arguments: 0..<23)
    func retryable(index: Int) {
        let code = AgentError.Code(rawValue: Self.codes[index].0)
        #expect(code.isRetryable == (code.exitStatus == ExitStatus.tryAgain))
    }

    @Test("JSON-RPC's own codes are those of its specification")
    func jsonRPC() {
        let codes: [AgentError.Code] = [.parseError, .invalidRequest, .methodNotFound, .invalidParams, .internalError]
        #expect(codes.map(\.rawValue) == [-32700, -32600, -32601, -32602, -32603])
    }

    @Test("a code newer than this program is passed on")
    func newer() throws {
        try expectWire(
            AgentError(.init(rawValue: 1999), "New."),
            #"{"code":1999,"data":{"reason":"unknown","retryable":false},"message":"New."}"#)
    }

    @Test("all of data has the contract's names")
    func data() throws {
        let error = AgentError(.rateLimited, "Wait.") { data in
            data.profile = "work"
            data.hint = "h"
            data.retryAfter = 5
            data.cause = "c"
            data.profiles = ["p"]
            data.blocked = true
            data.error = "e"
            data.errorDescription = "d"
            data.missing = ["m"]
            data.login = LoginState(
                loginID: "x", profile: "work", revision: 1, expiresAt: 2, step: .recoveryCode(.init()))
        }
        try expectWire(
            error,
            #"{"code":1007,"data":{"blocked":true,"cause":"c","error":"e","error_description":"d","hint":"h","login":"#
                + #"{"expires_at":2,"login_id":"x","profile":"work","revision":1,"step":{"kind":"recovery_code"}},"#
                + #""missing":["m"],"profile":"work","profiles":["p"],"reason":"rate_limited","retry_after":5,"retryable":true},"#
                + #""message":"Wait."}"#)
    }
}
