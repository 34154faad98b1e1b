import DevTenant
import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Faults of clients and of the socket's place")
struct SocketFaultTests {
    @Test("row 43: a hundred clients that ask at the expiry make one request and get one token")
    func crowd() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            try await agent.restartWithExpiredTokens()
            await agent.tenant.order(.hold, at: .token, grant: .refreshToken)
            let clients = try (1...100).map { _ in try agent.requestToken(["wait": 60]) }
            try await agent.refreshHeld()
            try await agent.connectionsTaken(100)
            await agent.tenant.release()
            var tokens: Set<String> = []
            for client in clients {
                tokens.insert(try await client.answer()?["result"]?["access_token"]?.string ?? "none")
            }
            #expect(try await tokens == [agent.token()])
            #expect(await agent.presented == [0])
        }
    }

    @Test("row 45: idle, slow and never-reading clients hold nobody up, and the last two are stopped")
    func crowdOfBadClients() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let token = try await agent.token()
            let idle = try (1...240).map { _ in try agent.connect() }
            let slow = try (1...5).map { _ in try agent.connect() }
            for byte in #"{"json"# {
                for client in slow { try client.send(String(byte)) }
            }
            let deaf = try UnixSocket.connected(to: agent.socketPath)
            defer { close(deaf) }
            let taken = await withCheckedContinuation { continuation in
                Thread.detachNewThread { continuation.resume(returning: Self.requests(takenFrom: deaf, most: 1 << 26)) }
            }
            #expect(taken < 1 << 26, "a client that reads nothing is read from without end")
            #expect(try await agent.token() == token)
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            for client in slow {
                #expect(try await client.answer()?["error"]?["code"] == -32600)
                #expect(try await client.line() == nil)
            }
            try idle[239].request("agent.hello")
            #expect(try await idle[239].answer()?["result"] != nil, "an idle connection may stay")
            #expect(try await agent.call("token.get")["from"] == "cache")
        }
    }

    /// Sends requests and reads no answer, until nothing has been taken for a second.
    ///
    /// - Returns: the bytes that were taken, `most` at the most.
    private static func requests(takenFrom client: Int32, most: Int) -> Int {
        var patience = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let request = Array(#"{"jsonrpc":"2.0","id":1,"method":"agent.status"}"#.utf8) + [UInt8(ascii: "\n")]
        let requests = Array(repeatElement(request, count: 1000).joined())
        var taken = 0
        while taken < most {
            let count = Glibc.send(client, requests, requests.count, Int32(MSG_NOSIGNAL))
            // A request cut in two would be no request: the rest is sent first.
            guard count == requests.count else { return taken + max(count, 0) }
            taken += count
        }
        return taken
    }

    private static let hello = Array(#"{"jsonrpc":"2.0","id":1,"method":"agent.hello"}"#.utf8)

    static let brokenLines: [(what: String, bytes: [UInt8])] = [
        (
            "not UTF-8",
            Array(#"{"jsonrpc":"2.0","id":""#.utf8) + [0xC3, 0x28] + Array(#"","method":"agent.hello"}"#.utf8)
        ),
        ("a NUL", hello + [0]),
        ("a byte order mark", [0xEF, 0xBB, 0xBF] + hello),
        ("nested a hundred thousand times", [UInt8](repeating: UInt8(ascii: "["), count: 100_000)),
        ("a comma before the end", Array(#"{"jsonrpc":"2.0","id":1,"method":"agent.hello",}"#.utf8)),
        ("a name that stands twice", Array(#"{"jsonrpc":"2.0","id":1,"id":2,"method":"agent.hello"}"#.utf8)),
    ]

    @Test(
        "row 46: a line that is no JSON to the letter is -32700, and the next one is answered", arguments: brokenLines)
    func brokenLine(_ what: String, _ bytes: [UInt8]) async throws {
        try await withRunningAgent(provider: .none) { agent in
            let connection = try agent.connect()
            try connection.send(bytes: bytes + [UInt8(ascii: "\n")])
            let answer = try await connection.answer()
            #expect(answer?["error"]?["code"] == -32700 && answer?["id"] == .null)
            try connection.request("agent.hello")
            #expect(try await connection.answer()?["result"]?["name"] == "posternd")
        }
    }

    @Test(
        "row 45: a client that sends what makes no request, as fast as it can, holds nobody up", arguments: ["\n", "x"])
    func flood(byte: String) async throws {
        try await withRunningAgent(provider: .none) { agent in
            let flooding = try agent.connect()
            let flood = String(repeating: byte, count: 1 << 18)
            // Ends when the agent, or the test, closes the connection.
            Thread.detachNewThread { while (try? flooding.send(flood)) != nil {} }
            for _ in 1...50 {
                #expect(try await agent.call("agent.hello")["name"] == "posternd")
            }
            flooding.hangUp()
        }
    }

    @Test("row 46: two requests of one identifier are both answered")
    func sameIdentifier() async throws {
        try await withRunningAgent(provider: .none) { agent in
            let connection = try agent.connect()
            for _ in 1...2 { try connection.request("agent.hello", id: "twin") }
            for _ in 1...2 {
                let answer = try await connection.answer()
                #expect(answer?["id"] == "twin" && answer?["result"] != nil)
            }
        }
    }

    @Test("row 49: a socket left behind by a crash is replaced; one that was asked to stop leaves none")
    func stale() async throws {
        try await withRunningAgent(provider: .none) { agent in
            try await agent.crash()
            #expect(FileManager.default.fileExists(atPath: agent.socketPath))
            try await agent.start()
            #expect(try await agent.call("agent.hello")["name"] == "posternd")
            #expect(try await agent.stop() == .status(0))
            #expect(!FileManager.default.fileExists(atPath: agent.socketPath))
        }
    }

    @Test("row 49: a directory that others can write to is refused, and so is a file in the socket's place")
    func unsafePlace() async throws {
        try await withRunningAgent(provider: .none, starting: false) { agent in
            let directory = URL(filePath: agent.socketPath).deletingLastPathComponent().path
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
            chmod(directory, 0o777)
            let open = try await agent.another()
            #expect(open.exit == .status(70))
            #expect(open.error.contains(directory))
            chmod(directory, 0o700)
            try Data("precious".utf8).write(to: URL(filePath: agent.socketPath))
            #expect(try await agent.another().exit == .status(70))
            #expect(try String(contentsOfFile: agent.socketPath, encoding: .utf8) == "precious")
        }
    }

    @Test("row 49: a symbolic link in the place of directory, socket or lock is refused, and what it names untouched")
    func symbolicLink() async throws {
        try await withRunningAgent(provider: .none, starting: false) { agent in
            let directory = URL(filePath: agent.socketPath).deletingLastPathComponent().path
            let elsewhere = agent.desktop.home.appending(path: "elsewhere").path
            let files = FileManager.default
            try files.createDirectory(
                atPath: elsewhere, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            try files.createSymbolicLink(atPath: directory, withDestinationPath: elsewhere)
            #expect(try await agent.another().exit == .status(70))
            #expect(try files.contentsOfDirectory(atPath: elsewhere) == [])
            try files.removeItem(atPath: directory)

            try files.createDirectory(
                atPath: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            for link in [agent.socketPath + ".lock", agent.socketPath] {
                try files.createSymbolicLink(atPath: link, withDestinationPath: elsewhere + "/foreign")
                #expect(try await agent.another().exit == .status(70))
                #expect(try files.destinationOfSymbolicLink(atPath: link) == elsewhere + "/foreign")
                #expect(try files.contentsOfDirectory(atPath: elsewhere) == [])
                try files.removeItem(atPath: link)
            }
        }
    }

    @Test("row 49: a path too long for a socket is said to be so")
    func longPath() async throws {
        let path = "/tmp/" + String(repeating: "x", count: 120)
        try await withRunningAgent(provider: .none, environment: ["POSTERN_SOCKET": path], starting: false) { agent in
            let daemon = try await agent.another()
            #expect(daemon.exit == .status(70))
            #expect(daemon.error.contains("107"))
        }
    }
}
