import DevTenant
import Foundation
import Glibc
import TestSupport
import Testing

@Suite("The socket")
struct SocketTests {
    @Test("the directory and the socket are for their owner alone")
    func modes() async throws {
        try await withRunningAgent(provider: .none) { agent in
            let socket = agent.socketPath
            let directory = URL(filePath: socket).deletingLastPathComponent().path
            for (path, mode) in [(socket, 0o600), (directory, 0o700)] {
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                #expect(attributes[.posixPermissions] as? Int == mode)
            }
        }
    }

    @Test("what JSON-RPC 2.0 says about odd messages holds", arguments: OddMessage.all)
    func oddMessages(_ message: OddMessage) async throws {
        try await withRunningAgent(provider: .none) { agent in
            for (line, answer) in message.exchanges {
                let connection = try agent.connect()
                try connection.send(line + "\n")
                connection.finishSending()
                let text = try await connection.line()
                #expect(text.map { OddMessage.outline(JSON(text: $0) ?? .null) } == answer, "\(line)")
                #expect(try await connection.line() == nil, "\(line)")
            }
        }
    }

    /// Odd lines by what is odd about them, each with the outline of its one answer, nil where nothing is answered.
    struct OddMessage: CustomTestStringConvertible {
        var testDescription: String
        var exchanges: [(line: String, answer: String?)]

        /// An answer's identifier and what it is: an error's code, or `ok`; of a batch, all of them in order.
        static func outline(_ answer: JSON) -> String {
            if case .array(let answers) = answer {
                return "[" + answers.map(outline).sorted().joined(separator: " ") + "]"
            }
            let id = answer["id"]?.text ?? "-"
            guard answer["jsonrpc"] == "2.0" else { return "no JSON-RPC: \(answer.text)" }
            switch (answer["result"], answer["error"]?["code"]?.integer) {
            case (.some, nil): return "\(id):ok"
            case (nil, let code?): return "\(id):\(code)"
            default: return "neither result nor error: \(answer.text)"
            }
        }

        static let all: [OddMessage] = [
            OddMessage(
                testDescription: "not JSON",
                exchanges: [
                    ("{", "null:-32700"), ("nonsense", "null:-32700"), ("[1,", "null:-32700"),
                    ("{\"a\":1,}", "null:-32700"),
                    ("\"\\ud800\"", "null:-32700"), (String(repeating: "[", count: 65), "null:-32700"),
                ]),
            OddMessage(
                testDescription: "not a request",
                exchanges: [
                    ("1", "null:-32600"), ("{}", "null:-32600"), ("null", "null:-32600"),
                    (#"{"jsonrpc":"1.0","id":1,"method":"agent.hello"}"#, "1:-32600"),
                    (#"{"jsonrpc":"2.0","id":1,"method":2}"#, "1:-32600"),
                    (#"{"jsonrpc":"2.0","id":1,"method":"agent.hello","params":3}"#, "1:-32600"),
                    (#"{"jsonrpc":"2.0","id":{},"method":"agent.hello"}"#, "null:-32600"),
                ]),
            OddMessage(
                testDescription: "unknown methods and params",
                exchanges: [
                    (#"{"jsonrpc":"2.0","id":1,"method":"agent.goodbye"}"#, "1:-32601"),
                    (#"{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}"#, "1:-32601"),
                    (#"{"jsonrpc":"2.0","id":1,"method":"agent.hello","params":{"x":1}}"#, "1:-32602"),
                    (#"{"jsonrpc":"2.0","id":1,"method":"token.get","params":{"min_ttl":"60"}}"#, "1:-32602"),
                ]),
            OddMessage(
                testDescription: "identifiers",
                exchanges: [
                    (#"{"jsonrpc":"2.0","id":"ä\n","method":"agent.hello"}"#, #""ä\n":ok"#),
                    (#"{"jsonrpc":"2.0","id":null,"method":"agent.hello"}"#, "null:ok"),
                    (#"{"jsonrpc":"2.0","id":-7,"method":"agent.hello","params":{}}"#, "-7:ok"),
                ]),
            OddMessage(
                testDescription: "notifications",
                exchanges: [
                    (#"{"jsonrpc":"2.0","method":"agent.hello"}"#, nil),
                    (#"{"jsonrpc":"2.0","method":"agent.goodbye"}"#, nil),
                    (#"[{"jsonrpc":"2.0","method":"agent.hello"},{"jsonrpc":"2.0","method":"x"}]"#, nil),
                ]),
            OddMessage(
                testDescription: "batches",
                exchanges: [
                    ("[]", "null:-32600"), ("[1]", "[null:-32600]"),
                    ("[1,2,3]", "[null:-32600 null:-32600 null:-32600]"),
                    (
                        "[" + Array(repeating: "1", count: 64).joined(separator: ",") + "]",
                        "[" + Array(repeating: "null:-32600", count: 64).joined(separator: " ") + "]"
                    ),
                    ("[" + Array(repeating: "1", count: 65).joined(separator: ",") + "]", "null:-32600"),
                    (
                        #"[{"jsonrpc":"2.0","id":1,"method":"agent.hello"},{"jsonrpc":"2.0","method":"agent.hello"},"#
                            + #"{"jsonrpc":"2.0","id":2,"method":"x"},5]"#, "[1:ok 2:-32601 null:-32600]"
                    ),
                ]),
        ]
    }

    @Test("unknown params are named")
    func namesParams() async throws {
        try await withRunningAgent(provider: .none) { agent in
            let refusal = try await agent.refusal(of: "token.get", ["audiense": "x"])
            #expect(refusal?.code == -32602)
            #expect(refusal?.message.contains("audiense") == true || refusal?.data.text.contains("audiense") == true)
        }
    }

    @Test("a line that is too long is refused and ends the connection")
    func longLine() async throws {
        try await withRunningAgent(provider: .none) { agent in
            let connection = try agent.connect()
            let name = String(repeating: "x", count: 300 * 1024)
            // The agent may close before it has read everything.
            try? connection.request("token.get", ["profile": .string(name)])
            #expect(try await connection.answer()?["error"]?["code"] == -32600)
            #expect(try await connection.line() == nil)
            #expect(try await agent.call("agent.hello")["name"] == "posternd")
        }
    }

    @Test("a line of a quarter of a mebibyte is still read")
    func longestLine() async throws {
        try await withRunningAgent(provider: .none) { agent in
            let name = JSON.string(String(repeating: "x", count: 255 * 1024))
            let refusal = try await agent.refusal(of: "token.get", ["profile": name])
            #expect(refusal?.code == 1002)
        }
    }

    @Test("a last line needs no newline, and everything is answered after a half-close")
    func halfClose() async throws {
        try await withRunningAgent(provider: .none) { agent in
            let connection = try agent.connect()
            try connection.request("agent.status", id: 1)
            try connection.send(#"{"jsonrpc":"2.0","id":2,"method":"agent.hello"}"#)
            connection.finishSending()
            var ids: Set<JSON> = []
            while let answer = try await connection.answer() {
                ids.insert(answer["id"] ?? .null)
            }
            #expect(ids == [1, 2])
        }
    }

    @Test("a half-closed connection still gets an answer that takes its time")
    func halfCloseWhileWaiting() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            await agent.tenant.order(.hold, at: .token, grant: .refreshToken)
            let connection = try agent.connect()
            try connection.request("token.get", ["force": true])
            connection.finishSending()
            try await withDeadline { try await agent.tenant.requestHeld(at: .token, grant: .refreshToken) }
            await agent.tenant.release()
            #expect(try await connection.answer()?["result"]?["from"] == "refresh")
            #expect(try await connection.line() == nil)
        }
    }

    @Test("the 257th connection is told that the agent is busy")
    func full() async throws {
        try await withRunningAgent(provider: .none) { agent in
            var connections = try (1...256).map { _ in try agent.connect() }
            // Its answer shows that the last of them has been taken.
            try connections[255].request("agent.hello")
            #expect(try await connections[255].answer()?["result"] != nil)
            let extra = try agent.connect()
            #expect(try await extra.answer()?["error"]?["code"] == 1019)
            #expect(try await extra.line() == nil)
            #expect(try await agent.postern("status").exit == .status(75))
            connections[0].finishSending()
            #expect(try await connections[0].line() == nil)
            #expect(try await agent.call("agent.hello")["name"] == "posternd")
            connections = []
        }
    }

    @Test("a slow request delays neither its own connection nor another")
    func outOfOrder() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            try await agent.restartWithExpiredTokens()
            await agent.tenant.order(.hold, at: .token, grant: .refreshToken)
            let connection = try agent.connect()
            try connection.request("token.get", id: "slow")
            try connection.request("agent.hello", id: "quick")
            #expect(try await connection.answer()?["id"] == "quick")

            let batch = try agent.connect()
            try batch.send(
                #"[{"jsonrpc":"2.0","id":1,"method":"token.get"},"#
                    + #"{"jsonrpc":"2.0","id":2,"method":"agent.hello"}]"# + "\n")
            #expect(try await agent.call("agent.hello")["name"] == "posternd")
            try await withDeadline { try await agent.tenant.requestHeld(at: .token, grant: .refreshToken) }
            await agent.tenant.release()
            #expect(try await connection.answer()?["id"] == "slow")
            let answers = try await batch.answer() ?? .null
            #expect(OddMessage.outline(answers) == "[1:ok 2:ok]")
            #expect(await agent.tenant.requests(to: .token, grant: .refreshToken).count == 1)
        }
    }

    @Test("sixty-four requests of one connection are worked on at once")
    func many() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            try await agent.restartWithExpiredTokens()
            await agent.tenant.order(.hold, at: .token, grant: .refreshToken)
            let connection = try agent.connect()
            for id in 1...63 { try connection.request("token.get", id: .integer(id)) }
            try connection.request("agent.hello", id: 64)
            #expect(try await connection.answer()?["id"] == 64)
            try await withDeadline { try await agent.tenant.requestHeld(at: .token, grant: .refreshToken) }
            await agent.tenant.release()
            var tokens: Set<String> = []
            for _ in 1...63 {
                let answer = try await connection.answer()
                tokens.insert(answer?["result"]?["access_token"]?.string ?? "none")
            }
            #expect(tokens.count == 1 && !tokens.contains("none"))
            #expect(await agent.tenant.requests(to: .token, grant: .refreshToken).count == 1)
        }
    }

    @Test("a client that goes away does not end the refresh that others wait for")
    func goesAway() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            await agent.tenant.order(.hold, at: .token, grant: .refreshToken)
            let first = try agent.connect()
            try first.request("token.get", ["force": true])
            try await withDeadline { try await agent.tenant.requestHeld(at: .token, grant: .refreshToken) }
            let second = try agent.connect()
            try second.request("token.get", ["force": true])
            first.hangUp()
            try await agent.connectionsTaken(2)
            await agent.tenant.release()
            #expect(try await second.answer()?["result"]?["from"] == "refresh")
            #expect(await agent.tenant.requests(to: .token, grant: .refreshToken).count == 1)
        }
    }

    @Test("a refresh whose only client has gone away is saved all the same")
    func nobodyWaits() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let old = try await agent.token()
            await agent.tenant.order(.hold, at: .token, grant: .refreshToken)
            let connection = try agent.connect()
            try connection.request("token.get", ["force": true])
            try await withDeadline { try await agent.tenant.requestHeld(at: .token, grant: .refreshToken) }
            connection.hangUp()
            await agent.tenant.release()
            try await agent.logged("Refreshed.")
            #expect(try await agent.token() != old)
            #expect(await agent.tenant.requests(to: .token, grant: .refreshToken).count == 1)
        }
    }
}
