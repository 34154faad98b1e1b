import DevTenant
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// What things cost, counted instead of timed, so that the bounds hold on any machine. The bounds are some way above what was counted when they were set,
/// which stands in the names: they are to show a cost that has crept in, not one more instruction. The daemon is the debug build.
@Suite("Costs")
struct CostTests {
    @Test("a cached token takes three system calls on a kept connection, and twelve with a connection of its own")
    func systemCalls() async throws {
        let kept = 500
        let new = 300
        try await withRunningAgent(profile: ["persist": "memory"], provider: .none, starting: false) { agent in
            let trace = agent.desktop.home.appending(path: "trace").path
            // No strings: tokens are among them.
            try await agent.start(by: "strace --follow-forks --string-limit=0 --output=\(trace)")
            try await agent.signIn()
            try await agent.askForTokens(100)
            // Reading the configuration parts the trace.
            try await agent.call("agent.reload")
            try await agent.askForTokens(kept)
            try await agent.call("agent.reload")
            for _ in 1...new { _ = try await agent.token() }
            try await agent.call("agent.reload")
            // The signal is for the daemon; strace ends with it.
            let daemon = try #require(await agent.call("agent.hello")["pid"]?.integer)
            kill(Int32(daemon), SIGTERM)
            _ = try await agent.exited()

            let lines = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n")
            let parts = lines.split { $0.contains("postern.conf") }.map(\.count).sorted().suffix(2).map(\.self)
            let perRequest = [Double(parts[0]) / Double(kept), Double(parts[1]) / Double(new)]
            #expect(perRequest[0] < 3.5, "\(perRequest)")
            #expect(perRequest[1] < 14, "\(perRequest)")
        }
    }

    @Test("'postern token' takes some 250,000 instructions", .enabled(if: finishedCommand != nil))
    func instructions() async throws {
        try await withRunningAgent(profile: ["persist": "memory"], provider: .none) { agent in
            try await agent.signIn()
            let command = try await agent.copy(of: try #require(Self.finishedCommand))
            for arguments in [["token"], ["header", "work"]] {
                let result = try await ChildProcess(
                    "valgrind", ["--tool=callgrind", "--callgrind-out-file=/dev/null", command] + arguments,
                    environment: agent.environment
                ).result()
                #expect(result.exit == .status(0), "\(result.error)")
                let count = try #require(Self.number(after: "Collected :", in: result.error))
                #expect(count < 330_000)
            }
        }
    }

    /// The static command, which alone is worth counting; scripts/test builds it.
    private static let finishedCommand = ProcessInfo.processInfo.environment["POSTERN_CLI"]

    /// The count is the same from run to run, give or take one, so its bound is near: Foundation's encoder alone would add 15, its decoder 24. In a release
    /// build it is 55; most of the others are boxes that generic code makes in a debug build, where a request is cut from what was read three for each byte.
    @Test("a cached token takes 289 allocations, and its connection leaves nothing behind")
    func allocations() async throws {
        let few = try await heap(after: 200)
        let many = try await heap(after: 600)
        let allocationsPerRequest = (many.allocations - few.allocations) / 400
        let blocksLeft = many.blocksInUse - few.blocksInUse
        #expect(allocationsPerRequest < 300, "\(few) \(many)")
        // A connection that is kept is several blocks, for each of the 400.
        #expect(blocksLeft < 100, "\(few) \(many)")
    }

    private struct Heap {
        var allocations: Int
        /// Not their bytes: now and then a large one is freed before the end.
        var blocksInUse: Int
    }

    /// What a daemon has allocated at its end that has given so many tokens, each over a connection of its own.
    private func heap(after count: Int) async throws -> Heap {
        let text = Mutex("")
        try await withRunningAgent(profile: ["persist": "memory"], provider: .none, starting: false) { agent in
            let path = agent.desktop.home.appending(path: "heap").path
            try await agent.start(
                by: "valgrind --leak-check=no --undef-value-errors=no --log-file=\(path)",
                program: try await agent.copy(of: BuiltProduct.agent.path))
            try await agent.signIn()
            for _ in 1...count { _ = try await agent.token() }
            try await agent.stop()
            let log = try String(contentsOfFile: path, encoding: .utf8)
            text.withLock { $0 = log }
        }
        let log = text.withLock { $0 }
        return Heap(
            allocations: try #require(Self.number(after: "total heap usage:", in: log)),
            blocksInUse: try #require(Self.number(after: "bytes in", in: log)))
    }

    @Test("nothing wakes an idle agent but its watchdog, which wakes two or three threads")
    func wakeUps() async throws {
        // It beats twice in that time.
        try await withRunningAgent(environment: ["WATCHDOG_USEC": "8000000"]) { agent in
            try await agent.signIn()
            for _ in 1...3 { try await agent.notified("WATCHDOG=1") }
            let before = try await agent.wakeUps
            let beats = 2
            for _ in 1...beats { try await agent.notified("WATCHDOG=1") }
            let wakeUps = try await agent.wakeUps - before
            #expect(wakeUps <= 4 * beats)
        }
    }

    /// The first number after these words; commas in it separate thousands.
    private static func number(after words: String, in text: String) -> Int? {
        guard let range = text.range(of: words) else { return nil }
        let digits = text[range.upperBound...].drop { !$0.isNumber }.prefix { $0.isNumber || $0 == "," }
        return Int(digits.filter(\.isNumber))
    }
}

extension RunningAgent {
    /// Copies a program without its debugging information, which valgrind does not understand.
    fileprivate nonisolated func copy(of program: String) async throws -> String {
        let path = desktop.home.appending(path: "program").path
        let copying = try ChildProcess("objcopy", ["--strip-debug", program, path], environment: environment)
        #expect(await copying.result().exit == .status(0))
        return path
    }

    /// Asks for the token so many times over one connection, each time when the answer before has come.
    fileprivate nonisolated func askForTokens(_ count: Int) async throws {
        let connection = try connect()
        for _ in 1...count {
            try connection.request("token.get")
            let answer = try await connection.answer()
            #expect(answer?["result"]?["from"] == "cache")
        }
    }

    /// How often the daemon's threads that there are now have been woken (proc(5), voluntary_ctxt_switches).
    fileprivate var wakeUps: Int {
        get throws {
            let tasks = URL(filePath: "/proc/\(processID)/task")
            return try FileManager.default.contentsOfDirectory(atPath: tasks.path).reduce(0) { sum, task in
                let status = try String(
                    contentsOf: tasks.appending(path: task).appending(path: "status"), encoding: .utf8)
                let line = status.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt_switches:") }
                return sum + (line.flatMap { Int($0.filter(\.isNumber)) } ?? 0)
            }
        }
    }
}
