import Glibc
import PosternProtocol

/// What a scripted agent says about a login, which is always L1 of the profile work.
extension Session.Reply {
    private static let now = Int(time(nil))

    /// - Parameter step: a JSON object.
    static func login(_ step: String, revision: Int = 1) -> Self {
        .result(
            #"{"login_id":"L1","profile":"work","revision":\#(revision),"expires_at":\#(now + 600),"step":\#(step)}"#)
    }

    /// - Parameter age: seconds since the code was sent. As a rule it is sent later than any command begins, however long that has to wait for its turn.
    static func code(resendIn: Int = -1, age: Int = -100, revision: Int = 1) -> Self {
        login(
            """
            {"kind":"code","channel":"email","sent_to":"a***@example.com","resend_at":\(now + resendIn),\
            "code_expires_at":\(now + 200 - age)}
            """, revision: revision)
    }

    static var signedIn: Self { signedIn() }

    /// - Parameter members: further ones, with a comma before each.
    static func signedIn(_ members: String = "") -> Self {
        login(
            """
            {"kind":"signed_in","account":{"sub":"email|1","email":"ada@example.com"},\
            "expires_at":\(now + 3599),"refreshable":true\(members)}
            """, revision: 9)
    }

    /// - Parameter data: further members, with a comma before each.
    static func refusal(_ code: Int, _ message: String, _ data: String = "") -> Self {
        .error(#"{"code":\#(code),"message":"\#(message)","data":{"reason":"r","retryable":false\#(data)}}"#)
    }

    static func chooseFactor(_ factors: String...) -> Self {
        login(#"{"kind":"choose_factor","factors":[\#(factors.joined(separator: ","))]}"#, revision: 2)
    }

    /// - Parameter all: what else can be chosen.
    static func factorCode(_ factor: String, resendIn: Int? = nil, all: [String]? = nil) -> Self {
        let resend = resendIn.map { #","resend_at":\#(now + $0)"# } ?? ""
        return login(#"{"kind":"factor_code","factor":\#(factor)\#(resend)\#(Self.wayBack(all))}"#, revision: 3)
    }

    static func push(_ factor: String, all: [String]? = nil, revision: Int = 3) -> Self {
        login(#"{"kind":"push","factor":\#(factor)\#(wayBack(all))}"#, revision: revision)
    }

    static func recoveryCode(all: [String]? = nil) -> Self {
        login(#"{"kind":"recovery_code"\#(wayBack(all))}"#, revision: 3)
    }

    static func enroll(_ types: String...) -> Self {
        login(#"{"kind":"enroll","types":[\#(types.map { "\"\($0)\"" }.joined(separator: ","))]}"#, revision: 2)
    }

    /// - Parameter members: those besides the type, with a comma before each.
    static func enrollConfirm(_ type: String, _ members: String = "", revision: Int = 3) -> Self {
        login(#"{"kind":"enroll_confirm","type":"\#(type)"\#(members)}"#, revision: revision)
    }

    private static func wayBack(_ factors: [String]?) -> String {
        factors.map { #","factors":[\#($0.joined(separator: ","))]"# } ?? ""
    }
}

/// Factors as the agent lists them.
enum ScriptedFactor {
    static let otp = #"{"id":"totp|dev_1","type":"otp"}"#
    static let sms = #"{"id":"sms|dev_2","type":"phone","channel":"sms","name":"XXX1234"}"#
    static let voice = #"{"id":"voice|dev_2","type":"phone","channel":"voice","name":"XXX1234"}"#
    static let email = #"{"id":"email|dev_3","type":"email","channel":"email","name":"a***@example.com"}"#
    static let push = #"{"id":"push|dev_4","type":"push-notification","name":"Ada's phone"}"#
    static let recovery = #"{"id":"recovery-code|dev_5","type":"recovery-code"}"#
    static let all = [otp, sms, voice, email, push, recovery]
}

/// What the command sends about a login.
extension JSONValue {
    static let login = JSONValue.object(["login_id": .string("L1")])

    /// A `login.answer` with one member.
    static func answer(_ member: String, _ value: String) -> JSONValue {
        .object(["login_id": .string("L1"), member: .string(value)])
    }

    static func enroll(_ type: String, _ members: [String: String] = [:]) -> JSONValue {
        let all = members.merging(["type": type]) { $1 }
        return .object(["login_id": .string("L1"), "enroll": .object(all.mapValues { .string($0) })])
    }

    static func wait(seen: Int, timeout: Int) -> JSONValue {
        .object(["login_id": .string("L1"), "seen": .integer(seen), "timeout": .integer(timeout)])
    }
}

extension Session.Exchange {
    static func start(_ reply: Session.Reply) -> Self { Self(method: "login.start", reply: reply) }
    static func answer(_ reply: Session.Reply) -> Self { Self(method: "login.answer", reply: reply) }
    static func resend(_ reply: Session.Reply) -> Self { Self(method: "login.resend", reply: reply) }
    static func wait(_ reply: Session.Reply) -> Self { Self(method: "login.wait", reply: reply) }
    static let cancel = Self(method: "login.cancel", reply: .result("{}"))
}
