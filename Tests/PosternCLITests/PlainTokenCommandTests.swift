import Glibc
import PosternProtocol
import Testing

@testable import postern

/// The short way is left by `--`, which changes nothing else.
@Suite("token and header without options, the short way and the usual one")
struct PlainTokenCommandTests {
    private static let token = TokenCommandTests.token

    private static func answer(_ token: String) -> Session.Reply {
        .result(Self.token.replacing("eyJ.a-b_c", with: token))
    }

    private static func error(_ code: Int, _ data: String = "") -> Session.Reply {
        .error(#"{"code":\#(code),"message":"As it is.","data":{"reason":"x","retryable":false\#(data)}}"#)
    }

    private static let replies: [Session.Reply] = [
        .result(token), answer("A0-._~+/="), answer("AAA"), answer(""), answer(" "), answer("a b"), answer("a:b"),
        answer(#"a\/b"#), answer(#"a\u0041b"#), answer(#"a\nX-Admin: yes"#), answer(#"a\"b"#), answer("é"),
        .result("{ \"new\" : [ { \"access_token\" : \"no\" } ],\t\"access_token\" : \"yes\" }"),
        .result(#"{"new":{"access_token":"no"},"said":"\"access_token\":\"no\"","access_token":"yes","from":"moon"}"#),
        .result(#"{"access\u005ftoken":"a"}"#), .result(#"{"access_token":"a","access_token":"b"}"#),
        .result(#"{"access_token":null}"#), .result(#"{"access_token":7}"#), .result(#"{"access_token":["a"]}"#),
        .result("{}"), .result("[]"), .result("null"), .result("\"access_token\""),
        .bytes(#"{"jsonrpc":"2.0","id":1,"result":{"access_token":"a"},"error":null}"# + "\n"),
        .bytes(#"{"result":{"access_token":"a"}}"# + "\n"), .bytes(#"{"result":{"access_token":"a"}}"#),
        .bytes(#"{"jsonrpc":"2.0","id":1,"result":{"access_token":"a"}} x"# + "\n"),
        .bytes(#"{"jsonrpc":"2.0","id":1,"result":{"access_token":"a""#), .bytes("{}\n"), .bytes("\n"), .bytes("x\n"),
        .hangUp, error(1001), error(1002, #","profile":"work","profiles":["home"]"#),
        error(1004, #","hint":"Do this.","retry_after":90"#), error(1011), error(-32603), error(99_999),
        .error("null"), .error("7"),
    ]

    @Test("every answer comes to the same", arguments: replies.indices)
    func answers(index: Int) throws {
        let session = Session(script: [.init(method: "token.get", reply: Self.replies[index])])
        for command in ["token", "header"] {
            try Self.compare(session, [command, "work"], [command, "--", "work"])
        }
    }

    /// Profiles as the command line has them, or nil for none.
    private static let names: [String?] = [
        nil, "work", "w.o_r-k0", "", "-", "-x", "--json", "--help", "help", "wo rk", "höhe", "a\"b", "a\\b", "a/b",
        "a\nb",
    ]

    @Test("every profile is named in the same way", arguments: names, ["", "home", "wo rk", "-x", "a\"b"])
    func profiles(argument: String?, variable: String) throws {
        var session = Session(script: [.init(method: "token.get", reply: .result(Self.token))])
        session.environment["POSTERN_PROFILE"] = variable
        let isOption = argument?.hasPrefix("-") ?? false
        let usual = isOption ? ["token", argument ?? "", "--"] : ["token", "--"] + [argument].compactMap(\.self)
        try Self.compare(session, ["token"] + [argument].compactMap(\.self), usual)
    }

    /// What a reader of single bytes would get wrong.
    @Test(
        "an answer that is off by a byte is read as the usual way reads it, or left to that way",
        arguments: [
            #"{"jsonrpc":"2.0","id":1,"result":\#(token)}"#,
            #"{"result":{"new":[{"access_token":"no"},"\"access_token\":\"no\""],"access_token":"yes"}}"#,
            #"{"id":-1.5e3,"error ":7,"result":{ "access_token" : "a" , "access\u005ftoken ":true}}"#,
        ])
    func damaged(answer: String) {
        let bytes = Array(answer.utf8)
        let others = #""\/{}[]:, -+.e0na"#.utf8.map { [$0] } + [[], [0], [UInt8(ascii: "\n")], [0x7F], [0xC3]]
        var readCount = 0
        for index in bytes.indices {
            for other in others {
                for replaced in [index..<index, index..<index + 1] {
                    var line = bytes
                    line.replaceSubrange(replaced, with: other)
                    guard let token = PlainTokenCommand.token(in: line) else { continue }
                    readCount += 1
                    let usual = try? Client.read(line, of: GetToken.self, as: TokenRequest.Answer.self).token
                    #expect(token == usual, "\(String(decoding: line, as: UTF8.self))")
                }
            }
        }
        #expect(readCount > 100)
    }

    @Test(
        "an agent that is not there is told of in the same words",
        arguments: [
            { unlink($0) },
            // A socket file that nobody listens on.
            {
                unlink($0)
                _ = try? ListeningSocket(path: $0)
            },
            // Another user's, if root runs the tests; else it changes nothing.
            { chown($0, 65534, 65534) },
        ] as [@Sendable (String) -> Void])
    func noAgent(prepare: @Sendable @escaping (String) -> Void) throws {
        var session = Session(script: [.init(method: "token.get", reply: .result(Self.token))])
        session.prepare = prepare
        try Self.compare(session, ["token"], ["token", "--"])
    }

    @Test("the agent is looked for in the same place")
    func place() throws {
        var session = Session()
        session.environment = ["POSTERN_SOCKET": "", "XDG_RUNTIME_DIR": ""]
        try Self.compare(session, ["header"], ["header", "--"])
        session.environment = ["POSTERN_SOCKET": "", "XDG_RUNTIME_DIR": "/nonexistent"]
        try Self.compare(session, ["token"], ["token", "--"])
        session.environment = ["POSTERN_SOCKET": String(repeating: "x", count: 200)]
        try Self.compare(session, ["token"], ["token", "--"])
    }

    @Test("what cannot be written fails in the same way", arguments: [0, 1, 2])
    func unwritten(way: Int) throws {
        var session = Session(script: [.init(method: "token.get", reply: .result(Self.token))])
        session.output = [.file("/dev/full"), .closedReader, .closed][way]
        try Self.compare(session, ["token"], ["token", "--"])
    }

    @Test("what scripts call goes the short way")
    func isPlain() {
        for arguments in [["token"], ["header"], ["token", "work"], ["header", "w.o_r-k0"]] {
            #expect(PlainTokenCommand(arguments) != nil)
        }
        for arguments in [[], ["status"], ["token", "--json"], ["token", "work", "--"], ["token", "a\"b"]] {
            #expect(PlainTokenCommand(arguments) == nil)
        }
        let line = #"{"jsonrpc":"2.0","id":1,"result":\#(Self.token)}"#
        #expect(PlainTokenCommand.token(in: Array(line.utf8)) == "eyJ.a-b_c")
    }

    private static func compare(
        _ session: Session, _ short: [String], _ usual: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let one = try session.run(short)
        let other = try session.run(usual)
        // Each run has a directory of its own.
        let directory = #/postern-cli-\w+/#
        #expect(one.status == other.status, sourceLocation: sourceLocation)
        #expect(one.output == other.output, sourceLocation: sourceLocation)
        #expect(
            one.words.replacing(directory, with: "") == other.words.replacing(directory, with: ""),
            sourceLocation: sourceLocation)
        #expect(one.requests == other.requests, sourceLocation: sourceLocation)
    }
}
