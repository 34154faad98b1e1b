import PosternProtocol
import Testing

@testable import postern

/// Answers of an agent that is none of ours, or is broken: the command ends with words and a status, never by a signal.
@Suite("A false agent")
struct FalseAgentTests {
    static let numbers = [
        "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1e308", "0", "-1", "253402300800",
        "null",
    ]

    /// Each command with an answer in which N stands for a number, and what it is asked on the way.
    static let answers: [(arguments: [String], method: String, result: String)] = [
        (["token", "--json"], "token.get", #"{"access_token":"t","expires_at":N,"expires_in":N}"#),
        (["token"], "token.get", #"{"access_token":"t","expires_at":N,"expires_in":N}"#),
        (["header", "--wait", "1"], "token.get", #"{"access_token":"t","expires_at":N,"expires_in":N}"#),
        (
            ["status"], "agent.status",
            #"{"version":"1","started_at":N,"locked":false,"keyring":"available","config_file":"f","counters":{"a":N},"profiles":[{"name":"a","issuer":"i","state":"signed_in","persist":"keyring","saved":true,"access_expires_at":N,"refresh_due_at":N,"login_ends_at":N,"last_error":{"code":N,"message":"m","data":{"reason":"r","retryable":true,"retry_after":N}}}]}"#
        ),
        (
            ["profiles"], "profile.list",
            #"{"profiles":[{"name":"a","issuer":"i","state":"offline","persist":"keyring","saved":true,"access_expires_at":N}]}"#
        ),
        (["idtoken"], "idtoken.get", #"{"id_token":"a.b.c","claims":{"exp":N,"sub":N},"profile":"p"}"#),
        (["whoami"], "idtoken.get", #"{"id_token":"a.b.c","claims":{"exp":N,"sub":N,"name":"n"},"profile":"p"}"#),
        (["reload"], "agent.reload", #"{"profiles":["a"],"x":N}"#),
        (
            ["login"], "login.start",
            #"{"login_id":"L","profile":"p","revision":N,"expires_at":N,"step":{"kind":"code","channel":"email","sent_to":"s","resend_at":N,"code_expires_at":N}}"#
        ),
        (
            ["login"], "login.start",
            #"{"login_id":"L","profile":"p","revision":N,"expires_at":N,"step":{"kind":"factor_code","factor":{"id":"f","type":"phone"},"resend_at":N}}"#
        ),
        (
            ["login"], "login.start",
            #"{"login_id":"L","profile":"p","revision":N,"expires_at":N,"step":{"kind":"enroll_confirm","type":"phone","channel":"sms","resend_at":N}}"#
        ),
        (
            ["login"], "login.start",
            #"{"login_id":"L","profile":"p","revision":N,"expires_at":N,"step":{"kind":"signed_in","account":{"sub":"s"},"expires_at":N,"refreshable":true}}"#
        ),
        (
            ["login"], "login.start",
            #"{"login_id":"L","profile":"p","revision":N,"expires_at":N,"step":{"kind":"failed","code":N,"message":"m","data":{"reason":"r","retryable":false,"retry_after":N}}}"#
        ),
        (
            ["mfa", "enroll", "otp"], "mfa.enroll",
            #"{"login_id":"L","profile":"p","revision":N,"expires_at":N,"step":{"kind":"enroll_confirm","type":"otp","resend_at":N}}"#
        ),
        (["mfa", "list"], "mfa.list", #"{"factors":[{"id":"f","type":"otp","x":N}]}"#),
        (["unlock-keyring"], "keyring.unlock", #"{"keyring":"available","x":N}"#),
        (["logout"], "logout", #"{"revoked":true,"deleted":true,"x":N}"#),
    ]

    @Test("may put any number anywhere", arguments: 0..<answers.count)
    func numbers(row: Int) throws {
        let (arguments, method, result) = Self.answers[row]
        for number in Self.numbers {
            let answer = result.replacing("N", with: number)
            // One line of input: Enter alone, which asks for another code where there is a time for that.
            let session = Session(script: [.init(method: method, reply: .result(answer))], input: .text("\n"))
            let ending = try session.run(arguments)
            #expect(ending.status < 128, "\(arguments) with \(number): \(ending.words)")
        }
    }

    @Test(
        "may put any number into an error",
        arguments: [["token"], ["status"], ["login"], ["logout"], ["mfa", "list"], ["profiles"], ["reload"]])
    func errors(arguments: [String]) throws {
        for number in Self.numbers {
            for error in [
                #"{"code":1007,"message":"m","data":{"reason":"r","retryable":true,"retry_after":N}}"#,
                #"{"code":N,"message":"m","data":{"reason":"r","retryable":true}}"#,
                #"{"code":1011,"message":"m","data":{"reason":"r","retryable":true,"login":{"login_id":"L","profile":"p","revision":N,"expires_at":N,"step":{"kind":"push","factor":{"id":"f","type":"otp"}}}}}"#,
            ] {
                let line = #"{"jsonrpc":"2.0","id":1,"error":"# + error.replacing("N", with: number) + "}\n"
                let session = Session(
                    script: [
                        "token.get", "agent.status", "login.start", "logout", "mfa.list", "profile.list",
                        "agent.reload",
                    ]
                    .filter { Self.method(of: arguments) == $0 }.map { .init(method: $0, reply: .bytes(line)) })
                let ending = try session.run(arguments)
                #expect(ending.status < 128 && ending.status != 0, "\(arguments) with \(number): \(ending.words)")
            }
        }
    }

    private static func method(of arguments: [String]) -> String {
        answers.first { $0.arguments.first == arguments.first }?.method ?? ""
    }

    @Test("may be late with an event at any time")
    func events() throws {
        for number in Self.numbers {
            let event = #"{"type":"login_ending","at":\#(number),"login_ends_at":\#(number)}"#
            let lines =
                #"{"jsonrpc":"2.0","id":1,"result":{}}"# + "\n"
                + #"{"jsonrpc":"2.0","method":"event","params":\#(event)}"#
            let ending = try Session(script: [.init(method: "events.subscribe", reply: .bytes(lines + "\n"))]).run(
                "watch")
            #expect(ending.status == 69, "\(number): \(ending.words)")
        }
    }

    @Test(
        "may answer what is no answer",
        arguments: [
            "", "\n", "{}\n", "[]\n", "null\n", "x\n", "{\"result\":\n", #"{"jsonrpc":"2.0","id":1}"# + "\n",
            String(repeating: "[", count: 200_000) + "\n", String(repeating: #"{"result":"#, count: 100_000) + "\n",
            #"{"result":"# + String(repeating: "[", count: 500) + String(repeating: "]", count: 500) + "}\n",
            "\u{FEFF}{}\n",
        ])
    func noAnswer(text: String) throws {
        for (arguments, method) in [
            (["token"], "token.get"), (["token", "--json"], "token.get"), (["status"], "agent.status"),
            (["status", "--json"], "agent.status"), (["login"], "login.start"), (["whoami"], "idtoken.get"),
            (["mfa", "list", "--json"], "mfa.list"), (["watch"], "events.subscribe"),
        ] {
            let ending = try Session(script: [.init(method: method, reply: .bytes(text))]).run(arguments)
            #expect(ending.status < 128 && ending.status != 0, "\(arguments): \(ending.words.prefix(200))")
        }
    }

    @Test(
        "may give a token that would become a header of its choice: it is not printed",
        arguments: ["\\u0000", "\\r\\nX: 1", " "])
    func token(text: String) throws {
        let session = Session(script: [.init(method: "token.get", reply: .result(#"{"access_token":"a\#(text)b"}"#))])
        let ending = try session.run("header")
        #expect(ending.status == 76 && ending.output.isEmpty)
    }

    @Test("may write a line of any length: 16 MiB of it are read")
    func length() throws {
        let endless = String(repeating: "x", count: 17 << 20)
        let ending = try Session(script: [.init(method: "agent.status", reply: .bytes(endless))]).run("status")
        #expect(ending.status == 70 && ending.words.contains("16 MiB"), "\(ending.words.prefix(200))")
    }

    @Test("shows nothing on a terminal that acts on it, and the same bytes in a pipe")
    func json() throws {
        let result = "{\"profiles\":[\"a\u{9B}31m\",\"\u{202E}b\",\"\u{2028}\u{7F}\",\"\u{E0041}\",\"Grüße 😀\"]}"
        let script = [Session.Exchange(method: "agent.reload", reply: .result(result))]
        #expect(try Session(script: script).run("reload", "--json").output == result + "\n")
        #expect(
            RawJSON.shown(result)
                == #"{"profiles":["a\u009b31m","\u202eb","\u2028\u007f","\udb40\udc41","Grüße 😀"]}"#)
        #expect(RawJSON.shown("{\t\"a\":\r\n1}") == "{ \"a\":  1}")
        let error = "{\"code\":1006,\"message\":\"\u{9B}2J\",\"data\":{\"reason\":\"r\",\"retryable\":true}}"
        let failing = [Session.Exchange(method: "agent.reload", reply: .error(error))]
        #expect(try Session(script: failing).run("reload", "--json").words == error + "\n")
        let shown = try Session(script: failing, input: .terminal([])).run("reload", "--json").words
        #expect(shown.contains(#"\u009b2J"#) && !shown.unicodeScalars.contains("\u{9B}"))
    }

    @Test(
        "an address of an ssh connection is sent if others can make something of it",
        arguments: [
            ("192.0.2.1 50000 192.0.2.2 22", "192.0.2.1"), ("2001:db8::1 50000 2001:db8::2 22", "2001:db8::1"),
            ("fe80::1%eth0 50000 fe80::2%eth0 22", nil), ("fe80::1 50000 fe80::2 22", nil), ("febf::1 1 ::1 22", nil),
            ("fec0::1 1 ::1 22", "fec0::1"), ("UNKNOWN 65535 UNKNOWN 65535", nil), ("", nil), (" ", nil),
            ("1.2.3 1", nil),
            ("::ffff:192.0.2.1 1 2 3", "::ffff:192.0.2.1"), ("host.example 1 2 3", nil), ("192.0.2.1\n 1", nil),
        ] as [(String, String?)])
    func remoteAddress(connection: String, address: String?) throws {
        let session = Session(
            script: [.init(method: "login.start", reply: .signedIn)], environment: ["SSH_CONNECTION": connection])
        let ending = try session.run("login", "work")
        #expect(ending.status == 0)
        let expected: [String: JSONValue] = address.map { ["client_ip": .string($0)] } ?? [:]
        #expect(ending.params == [.object(["profile": .string("work")].merging(expected) { $1 })])
    }
}
