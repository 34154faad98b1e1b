import Foundation
import Testing

@testable import Agent

@Suite("JSON-RPC 2.0")
struct RequestHandlerTests {
    /// What a line is answered with; nil is nothing.
    private static func answer(_ line: String) async throws -> String? {
        try await answer(Array(line.utf8))
    }

    private static func answer(_ line: [UInt8]) async throws -> String? {
        let answer = Watched<String?>(nil)
        try await AgentFixture.run(isServing: false) { fixture in
            let handler = RequestHandler(methods: Methods(agent: fixture.agent))
            let bytes = await handler.answer(line)
            answer.change { $0 = bytes.map { String(decoding: $0, as: UTF8.self) } }
        }
        return answer.value
    }

    private static func code(_ object: Any?) -> Int? {
        ((object as? [String: Any])?["error"] as? [String: Any])?["code"] as? Int
    }

    private static func expectError(
        _ code: Int, id: String, for line: String, _ location: SourceLocation = #_sourceLocation
    ) async throws {
        let answer = try #require(try await answer(line), sourceLocation: location)
        #expect(answer.hasPrefix(#"{"jsonrpc":"2.0","id":\#(id),"error":{"#), "\(answer)", sourceLocation: location)
        let object = try JSONSerialization.jsonObject(with: Data(answer.utf8))
        #expect(Self.code(object) == code, "\(answer)", sourceLocation: location)
        #expect((object as? [String: Any])?["result"] == nil, sourceLocation: location)
    }

    @Test(
        "1, 17 to 19: what is no JSON is -32700 with id null",
        arguments: [
            "{", #"{"jsonrpc":"2.0","method":"agent.hello","id":1"#,
            #"{"jsonrpc":"2.0","method":"agent.hello","id":1,}"#,
            "\u{FEFF}{}", #"{"jsonrpc":"2.0","method":"agent.hello","id":1,"id":2}"#,
            #"{"jsonrpc":"2.0","method":"\ud800","id":1}"#, #"{"jsonrpc":"2.0","method":"agent.hello","id":1e400}"#,
            "[1,", #"[{"jsonrpc":"2.0","method":"agent.hello","id":1},"#, "not json",
        ])
    func parseError(line: String) async throws {
        try await Self.expectError(-32700, id: "null", for: line)
    }

    @Test("nesting deeper than 64 is -32700")
    func nesting() async throws {
        try await Self.expectError(
            -32700, id: "null", for: String(repeating: "[", count: 65) + String(repeating: "]", count: 65))
    }

    @Test("19: invalid UTF-8 is -32700")
    func invalidUTF8() async throws {
        let answer = try await Self.answer(
            Array(#"{"jsonrpc":"2.0","id":1,"method":""#.utf8) + [0xFF] + Array("\"}".utf8))
        #expect(answer?.contains("-32700") == true)
    }

    @Test("2: an empty batch is one -32600")
    func emptyBatch() async throws {
        try await Self.expectError(-32600, id: "null", for: "[]")
    }

    @Test(
        "3, 4: each element that is no request is a -32600 of its own",
        arguments: [("[1,2,3]", 3), ("[1]", 1), (#"["x",[],{}]"#, 3)])
    func invalidBatch(line: String, count: Int) async throws {
        let answer = try #require(try await Self.answer(line))
        let array = try #require(try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [Any])
        #expect(array.map(Self.code) == Array(repeating: -32600, count: count))
    }

    @Test("5: a mixed batch answers each request and no notification")
    func mixedBatch() async throws {
        let answer = try #require(
            try await Self.answer(
                #"[{"jsonrpc":"2.0","method":"agent.hello","id":"a"},{"jsonrpc":"2.0","method":"agent.hello"},1,"#
                    + #"{"jsonrpc":"2.0","method":"nothing","id":2}]"#))
        let array = try #require(try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [[String: Any]])
        #expect(array.count == 3)
        #expect(array.contains { $0["id"] as? String == "a" && $0["result"] != nil })
        #expect(array.contains { $0["id"] as? Int == 2 && Self.code($0) == -32601 })
        #expect(array.contains { $0["id"] is NSNull && Self.code($0) == -32600 })
    }

    @Test(
        "6, 7: notifications are answered with nothing, whatever is wrong with them",
        arguments: [
            #"{"jsonrpc":"2.0","method":"agent.hello"}"#, #"{"jsonrpc":"2.0","method":"nothing"}"#,
            #"{"jsonrpc":"2.0","method":"token.get","params":{"x":1}}"#,
            #"[{"jsonrpc":"2.0","method":"agent.hello"},{"jsonrpc":"2.0","method":"nothing"}]"#,
        ])
    func notification(line: String) async throws {
        #expect(try await Self.answer(line) == nil)
    }

    @Test(
        "8, 14: what is no request object is -32600 with its id",
        arguments: [
            #"{"jsonrpc":"2.0","method":1,"id":7}"#, #"{"jsonrpc":"2.0","method":null,"id":7}"#,
            #"{"jsonrpc":"2.0","id":7}"#,
            #"{"jsonrpc":"2.0","method":"agent.hello","params":1,"id":7}"#,
            #"{"jsonrpc":"2.0","method":"agent.hello","params":"x","id":7}"#,
            #"{"jsonrpc":"2.0","method":"agent.hello","params":null,"id":7}"#,
            #"{"method":"agent.hello","id":7}"#, #"{"jsonrpc":"1.0","method":"agent.hello","id":7}"#,
            #"{"jsonrpc":2.0,"method":"agent.hello","id":7}"#,
        ])
    func invalidRequest(line: String) async throws {
        try await Self.expectError(-32600, id: "7", for: line)
    }

    @Test("a line that is a lone value is -32600", arguments: ["1", "\"x\"", "null", "true"])
    func loneValue(line: String) async throws {
        try await Self.expectError(-32600, id: "null", for: line)
    }

    @Test(
        "9, 15: an unknown method is -32601 with the id",
        arguments: ["nothing", "rpc.discover", "agent.hello ", "", "AGENT.HELLO"])
    func unknownMethod(name: String) async throws {
        try await Self.expectError(-32601, id: "7", for: #"{"jsonrpc":"2.0","method":"\#(name)","id":7}"#)
    }

    @Test(
        "10: bad params are -32602 and are named",
        arguments: [
            ("token.get", #"{"profil":"x"}"#, "profil"), ("token.get", #"{"min_ttl":"x"}"#, "min_ttl"),
            ("token.get", #"{"force":1}"#, "force"), ("login.cancel", "{}", "login_id"),
            ("login.cancel", #"{"login_id":null}"#, "login_id"), ("token.get", #"{"min_ttl":-1}"#, "min_ttl"),
            ("token.get", #"{"wait":-1}"#, "wait"), ("token.get", #"{"min_ttl":1.5}"#, "min_ttl"),
            ("token.get", #"{"profile":1.5}"#, "profile has the wrong type"),
            ("login.wait", #"{"login_id":"x","timeout":1e308}"#, "timeout"),
            ("keyring.unlock", #"{"timeout":9223372036854775808}"#, "timeout"),
            ("token.get", "[1]", "name"),
            ("agent.hello", #"{"a":1,"b":2}"#, "a, b"),
            ("client_secret.set", #"{"profile":"work"}"#, "secret"), ("login.answer", #"{"login_id":"x"}"#, "code"),
            ("login.answer", #"{"login_id":"x","code":"1","factor":"y"}"#, "one"),
        ])
    func badParams(method: String, params: String, name: String) async throws {
        let line = #"{"jsonrpc":"2.0","method":"\#(method)","params":\#(params),"id":7}"#
        try await Self.expectError(-32602, id: "7", for: line)
        #expect(try await Self.answer(line)?.contains(name) == true)
    }

    @Test("a missing parameter stands in data.missing")
    func missing() async throws {
        let answer = try await Self.answer(#"{"jsonrpc":"2.0","method":"login.cancel","id":7}"#)
        #expect(answer?.contains(#""missing":["login_id"]"#) == true)
    }

    @Test(
        "12, 13: an id of any allowed form comes back byte for byte",
        arguments: [
            "1", "1.0", "1e0", "-0", "9007199254740993", "123456789012345678901234567890", "0.1", "null", #""""#,
            #""x""#,
            #""\u0061""#, #""\/""#, #""😀""#,
        ])
    func identifiers(id: String) async throws {
        let answer = try #require(try await Self.answer(#"{"jsonrpc":"2.0","method":"agent.hello","id":\#(id)}"#))
        #expect(answer.hasPrefix(#"{"jsonrpc":"2.0","id":\#(id),"result":{"#))
    }

    @Test(
        "12: an id that is an object, an array or a boolean is -32600 with id null",
        arguments: ["{}", "[]", "true", "false"])
    func badIdentifiers(id: String) async throws {
        try await Self.expectError(-32600, id: "null", for: #"{"jsonrpc":"2.0","method":"agent.hello","id":\#(id)}"#)
    }

    @Test("16: an answer is one line without a newline in it")
    func oneLine() async throws {
        let answer = try #require(try await Self.answer(#"{"jsonrpc":"2.0","method":"a\nb\u001b[31m","id":1}"#))
        #expect(!answer.contains("\n"))
        #expect(!answer.contains("\u{1B}"))
        #expect(!answer.contains("\\u001b"))
    }

    @Test("a batch of 64 is worked on and one of 65 is refused as a whole")
    func batchLimit() async throws {
        func batch(_ count: Int) -> String {
            "["
                + Array(repeating: #"{"jsonrpc":"2.0","method":"agent.hello","id":1}"#, count: count).joined(
                    separator: ",") + "]"
        }
        let answer = try #require(try await Self.answer(batch(64)))
        #expect((try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [Any])?.count == 64)
        try await Self.expectError(-32600, id: "null", for: batch(65))
    }

    @Test("an error has its reason, and says whether trying again makes sense")
    func data() async throws {
        let answer = try await Self.answer(#"{"jsonrpc":"2.0","method":"token.get","params":{"profile":"x"},"id":1}"#)
        #expect(answer?.contains(#""reason":"unknown_profile""#) == true)
        #expect(answer?.contains(#""retryable":false"#) == true)
        #expect(answer?.contains(#""profiles":["work"]"#) == true)
    }

    @Test(
        "a NUL character in any param is -32602, for C would take what is before it for the whole",
        arguments: [
            #""profile.remove","params":{"name":"work\u0000x"}"#, #""token.get","params":{"profile":"work\u0000"}"#,
            #""logout","params":{"profile":"\u0000"}"#, #""login.start","params":{"client_ip":"192.0.2.1\u0000x"}"#,
            #""profile.add","params":{"name":"x","domain":"a.com\u0000","client_id":"x"}"#,
            #""login.start","params":{"profile":"a\\\u0000"}"#,
        ])
    func nul(call: String) async throws {
        try await Self.expectError(-32602, id: "1", for: #"{"jsonrpc":"2.0","id":1,"method":\#(call)}"#)
    }

    @Test("a backslash before what looks like one is a backslash")
    func noNUL() async throws {
        let call = #""logout","params":{"profile":"a\\u0000"}"#
        try await Self.expectError(1002, id: "1", for: #"{"jsonrpc":"2.0","id":1,"method":\#(call)}"#)
    }
}

extension RequestHandler {
    /// What a connection would write.
    fileprivate func answer(_ line: [UInt8]) async -> [UInt8]? {
        switch read(line) {
        case .request(let request):
            return await answer(request, caller: .test)?.bytes
        case .batch(let elements):
            var answers: [Answer] = []
            for element in elements {
                let request = read(element: line[element])
                answers += await answer(request, caller: .test).map { [$0] } ?? []
            }
            return answers.isEmpty ? nil : Answer(batch: answers).bytes
        }
    }
}

extension Answer {
    fileprivate var bytes: [UInt8] { Array(pieces.joined()) }
}
