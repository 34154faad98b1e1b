import DevTenant
import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Faults that end the process")
struct CrashFaultTests {
    @Test(
        "row 52: a crash is one line that says where it was, and keeps its signal",
        arguments: [SIGABRT, SIGSEGV, SIGILL, SIGBUS, SIGTRAP, SIGFPE, SIGQUIT])
    func crash(_ signal: Int32) async throws {
        try await withRunningAgent(profile: ["persist": "memory"], provider: .none) { agent in
            try await agent.signIn()
            let token = try await agent.token()
            await agent.send(signal)
            #expect(try await agent.exited() == .signal(signal))
            let log = await agent.log
            let lines = log.split(separator: "\n").filter { $0.contains("crashed:") }
            #expect(lines.count == 1, "\(log)")
            let line = try #require(lines.first)
            #expect(
                line.hasPrefix("posternd: crashed: ") && line.contains("(\(signal)), code 0, sent by process "),
                "\(line)")
            #expect(!log.contains(token) && !log.contains("Backtrac"))

            let places = line.matches(of: /\ posternd\+(0x[0-9a-f]+)/).map { String($0.1) }
            #expect(!places.isEmpty, "\(line)")
            let resolved = try await agent.desktop.run("addr2line", ["-e", BuiltProduct.agent.path] + places).output
            // What a watchdog sends shows the thread that may be stuck, anything else the process's first.
            let place = [SIGABRT, SIGQUIT].contains(signal) ? "Reactor.swift" : "Daemon.swift"
            #expect(resolved.contains(place), "\(line)\n\(resolved)")
        }
    }

    @Test("row 7: of all threads the agent's alone takes the watchdog's signal: a process that ends accepts nobody")
    func watchdog() async throws {
        try await withRunningAgent { agent in
            // Threads for the tenant, the keyring and its worker are there from now on.
            try await agent.signIn()
            let tasks = URL(filePath: "/proc/\(await agent.processID)/task")
            let blocked = try FileManager.default.contentsOfDirectory(atPath: tasks.path).map { task in
                let status = try String(contentsOf: tasks.appending(path: "\(task)/status"), encoding: .utf8)
                let mask = try #require(status.firstMatch(of: /SigBlk:\s*([0-9a-f]+)/)).1
                return try #require(UInt64(mask, radix: 16)) & (1 << (SIGABRT - 1)) != 0
            }
            #expect(blocked.count > 2)
            #expect(blocked.count { !$0 } == 1, "\(blocked)")
        }
    }

    @Test("row 52: the keyring's worker says it too, and another one takes its place")
    func worker() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let worker = try await agent.desktop.run("pgrep", ["--parent", "\(agent.processID)"]).output
            Glibc.kill(try #require(Int32(worker.dropLast())), SIGSEGV)
            try await agent.logged("posternd keyring-worker: crashed: SIGSEGV (11), ")
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
        }
    }
}
