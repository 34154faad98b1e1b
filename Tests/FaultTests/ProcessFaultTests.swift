import DevTenant
import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Faults of the process")
struct ProcessFaultTests {
    @Test("row 1: killed before the request was sent, it refreshes with the same token after the restart")
    func killedBeforeSending() async throws {
        try await withTenantAway { agent in
            let before = try await agent.record()?["refresh_token"]
            // Nobody listens there, so the attempts go on with the intent written and nothing sent.
            let caller = try agent.requestToken(["force": true, "wait": 60])
            try await agent.recorded { $0["refreshing_since"] != nil }
            try await agent.crash()
            #expect(try await caller.line() == nil)
            #expect(try await agent.record()?["refresh_token"] == before)

            try await agent.tenant.serving {
                try await agent.start()
                let token = try await agent.call("token.get", ["force": true])
                #expect(token["from"] == "refresh")
                #expect(await agent.presented.first == 0)
                #expect(await agent.refreshes.allSatisfy { $0.refreshToken?.generation == $0.refreshToken?.latest })
                let state = try await agent.status()["state"]
                #expect(state == "signed_in")
            }
        }
    }

    /// How far a request had come when the daemon was killed.
    enum Stage: String, CaseIterable, CustomTestStringConvertible {
        case received, answered

        var fault: Fault { self == .received ? .hold : .holdAnswer }
        var testDescription: String { rawValue }
    }

    @Test("row 2: killed with the request on its way, it asks again while the overlap lasts", arguments: Stage.allCases)
    func killedAfterSending(_ stage: Stage) async throws {
        try await withRunningAgent(.overlapping, profile: ["rotation_overlap": "60"]) { agent in
            try await Self.kill(agent, at: stage)
            try await agent.start()
            #expect(try await agent.token() != "")
            #expect(await agent.presented == [0, 0])
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            #expect(await agent.presented == [0, 0, 1])
        }
    }

    @Test(
        "row 2: killed with the request on its way, where there is no overlap it says that the answer was lost",
        arguments: Stage.allCases)
    func killedWithoutOverlap(_ stage: Stage) async throws {
        try await withRunningAgent { agent in
            try await Self.kill(agent, at: stage)
            try await agent.start()
            let refusal = try await agent.refusal(of: "token.get")
            #expect(refusal?.code == 1001 && refusal?.cause == "lost_answer")
            let told = try await agent.postern("token")
            #expect(told.exit == .status(77) && told.error.contains("lost"), "\(told.error)")
            #expect(await agent.presented == [0, 0], "a refused refresh token was sent again")
        }
    }

    /// Kills the daemon at that stage of a refresh that has become due; the tenant then carries the request out.
    private static func kill(_ agent: RunningAgent, at stage: Stage) async throws {
        try await agent.signIn()
        try await agent.restartWithExpiredTokens()
        await agent.tenant.order(stage.fault, at: .token, grant: .refreshToken)
        let caller = try agent.requestToken()
        try await agent.refreshHeld()
        try await agent.crash()
        #expect(try await caller.line() == nil)
        #expect(try await agent.record()?["refreshing_since"] != nil)
        await agent.tenant.release()
        try await withDeadline { try await agent.tenant.requestAnswered(at: .token, grant: .refreshToken) }
    }

    @Test("row 3: killed with the answer here and not saved, the service manager has kept it")
    func killedBeforeSaving() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            try await agent.stored(0)
            await agent.tenant.order(.hold, at: .token, grant: .refreshToken)
            _ = try agent.requestToken(["force": true])
            try await agent.refreshHeld()
            await agent.desktop.stopKeyring()
            await agent.tenant.release()
            try await agent.stored(1)
            try await agent.crash()
            await agent.desktop.continueKeyring()
            try await agent.start()
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            #expect(await agent.presented == [0, 1])
        }
    }

    @Test("row 3: killed with the answer here and kept nowhere, it is a lost answer", arguments: [60, 0])
    func killedWithNothingKept(overlap: Int) async throws {
        let options = overlap > 0 ? Options.overlapping : Options()
        try await withRunningAgent(options, starting: false) { agent in
            let profile = await agent.profile("work", ["rotation_overlap": "\(overlap)"])
            try agent.configure("[agent]\nkeep_unsaved = no\n" + profile)
            try await agent.start()
            try await agent.signIn()
            await agent.tenant.order(.hold, at: .token, grant: .refreshToken)
            let caller = try agent.requestToken(["force": true])
            try await agent.refreshHeld()
            await agent.desktop.stopKeyring()
            await agent.tenant.release()
            #expect(try await caller.answer()?["result"]?["from"] == "refresh")
            #expect(agent.stored.isEmpty)
            try await agent.crash()
            await agent.desktop.continueKeyring()
            try await agent.start()
            if overlap > 0 {
                #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
                #expect(await agent.presented.starts(with: [0, 0]))
                #expect(await agent.refreshes.allSatisfy { $0.status == 200 })
            } else {
                #expect(try await agent.refusal(of: "token.get", ["force": true])?.cause == "lost_answer")
                #expect(await agent.presented == [0, 0])
            }
        }
    }

    @Test("row 4: killed with the answer saved and nobody told, it serves what it saved and asks for no more")
    func killedAfterSaving() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let (old, before) = (try await agent.token(), try await agent.record()?["refresh_token"])
            await agent.tenant.order(.holdAnswer, at: .token, grant: .refreshToken)
            let caller = try agent.requestToken(["force": true])
            try await agent.refreshHeld()
            caller.hangUp()
            await agent.tenant.release()
            try await agent.recorded { $0["refresh_token"] != before }
            try await agent.crash()
            try await agent.start()
            let token = try await agent.call("token.get")
            #expect(token["from"] == "cache" && token["access_token"]?.string != old)
            #expect(await agent.presented == [0])
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            #expect(await agent.presented == [0, 1])
        }
    }

    @Test(
        "row 5: asked to stop during a refresh, it waits for the answer, saves it and ends with 0",
        arguments: [SIGTERM, SIGINT])
    func stopsDuringRefresh(_ signal: Int32) async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let before = try await agent.record()?["refresh_token"]
            await agent.tenant.order(.holdAnswer, at: .token, grant: .refreshToken)
            let caller = try agent.requestToken(["force": true])
            try await agent.refreshHeld()
            await agent.send(signal)
            try await agent.notified("STOPPING=1")
            // Its clients are let go of first.
            #expect(try await caller.line() == nil)
            await agent.tenant.release()
            #expect(try await agent.exited() == .status(0))
            let after = try #require(try await agent.record())
            #expect(after["refresh_token"] != before && after["refreshing_since"] == nil)

            try await agent.start()
            #expect(try await agent.call("token.get")["from"] == "cache")
            #expect(await agent.presented == [0])
        }
    }

    @Test("a service manager that does not read what it is told holds nobody up")
    func deafServiceManager() async throws {
        try await withRunningAgent(profile: ["persist": "memory"], provider: .none) { agent in
            let others = ["one", "two", "three"]
            var configuration = await agent.profile("work", ["persist": "memory"])
            for other in others { configuration += await agent.profile(other, ["persist": "memory"]) }
            try agent.configure(configuration)
            try await agent.call("agent.reload")
            try agent.clogServiceManager()
            // With each of them the agent has something to tell.
            for other in others { try await agent.signIn(other) }
            #expect(try await agent.call("token.get", ["profile": "three"])["from"] == "cache")
        }
    }

    @Test("row 42: a second daemon ends with 75 and leaves the first and its socket alone")
    func second() async throws {
        try await withRunningAgent(provider: .none) { agent in
            let socket = try FileManager.default.attributesOfItem(atPath: agent.socketPath)[.systemFileNumber] as? Int
            let second = try await agent.another()
            #expect(second.exit == .status(75))
            #expect(second.error.contains("runs already"), "\(second.error)")
            #expect(try await agent.call("agent.hello")["pid"]?.integer == Int(await agent.processID))
            let attributes = try FileManager.default.attributesOfItem(atPath: agent.socketPath)
            #expect(attributes[.systemFileNumber] as? Int == socket)
        }
    }

    @Test(
        "row 50: out of file descriptors, it serves whom it has, waits without spinning, costs no token, and recovers")
    func outOfDescriptors() async throws {
        try await withRunningAgent(starting: false) { agent in
            try await agent.start(after: "ulimit -n 32")
            try await agent.signIn()
            let before = try await agent.record()?["refresh_token"]
            let (first, late) = (try agent.connect(), try agent.connect())
            try first.request("agent.hello")
            #expect(try await first.answer()?["result"] != nil)
            // The kernel completes what the daemon cannot accept, as far as the backlog goes.
            let crowd = try (1...64).map { _ in try agent.connect() }
            try first.request("token.get")
            #expect(try await first.answer()?["result"]?["from"] == "cache")
            try first.request("token.get", ["force": true, "wait": 1])
            let refusal = Refusal(try await first.answer()?["error"] ?? .null)
            #expect(refusal.code == 1006 && refusal.cause == "connect", "\(refusal)")

            // What a line has for its end is the time in which it is seen whether the daemon spins.
            let worked = try await agent.processorTime()
            try late.send("{")
            #expect(try await late.answer()?["error"]?["code"] == -32600)
            #expect(try await agent.processorTime() - worked < 3)

            crowd.forEach { $0.hangUp() }
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            #expect(await agent.presented == [0])
            #expect(try await agent.record()?["refresh_token"] != before)
        }
    }

    @Test(
        "started without standard input, output and error, it gives their numbers to nothing else",
        arguments: ["0<&-", "1>&- 2>&-", "0<&- 1>&- 2>&-"])
    func withoutStandardDescriptors(closed: String) async throws {
        try await withRunningAgent(provider: .none, starting: false) { agent in
            try await agent.start(after: "exec \(closed)")
            #expect(try await agent.call("agent.hello")["name"] == "posternd")
            for descriptor in 0...2 where closed.contains("\(descriptor)") {
                let link = "/proc/\(await agent.processID)/fd/\(descriptor)"
                #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "/dev/null")
            }
        }
    }

    @Test("row 52: no core dump, no backtrace and no process of the same user shows its memory or its worker's")
    func hardened() async throws {
        try await withRunningAgent(starting: false) { agent in
            try await agent.start(
                after: "ulimit -S -c $(ulimit -H -c)", by: Self.unprivileged.joined(separator: " "))
            try await agent.signIn()
            let plain = Self.unprivileged + ["sh", "-c", "echo started; exec cat"]
            try await withChildProcess(plain[0], Array(plain.dropFirst()), environment: agent.environment) { child in
                try await withDeadline { try await child.line { $0 == "started" } }
                #expect(try await Self.isReadable("environ", of: child.processID, agent), "any other process's can be")
            }
            let worker = try await agent.desktop.run("pgrep", ["--parent", "\(agent.processID)"]).output
            let processes = [await agent.processID, try #require(Int32(worker.dropLast()))]
            for process in processes {
                for file in ["environ", "maps", "mem"] {
                    #expect(try await !Self.isReadable(file, of: process, agent), "\(file)")
                }
            }
            Glibc.kill(processes[1], SIGABRT)
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh", "by another worker")
            await agent.send(SIGABRT)
            #expect(try await agent.exited() == .signal(SIGABRT))
            #expect(await !agent.log.contains("Backtrac"))
        }
    }

    /// Makes a command one of a user without privileges, which may trace no process but its like (ptrace(2)).
    private static let unprivileged = geteuid() == 0 ? ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] : ["env"]

    /// Whether an unprivileged process of the same user can open a file of /proc/PID that is only for those who may trace that process (proc(5)).
    private static func isReadable(_ file: String, of process: Int32, _ agent: RunningAgent) async throws -> Bool {
        let look = unprivileged + ["sh", "-c", ": < \"$0\"", "/proc/\(process)/\(file)"]
        return try await agent.desktop.run(look[0], Array(look.dropFirst())).exit == .status(0)
    }
}

extension RunningAgent {
    /// Runs a further daemon in the same environment to its end.
    nonisolated func another() async throws -> ChildProcess.Result {
        try await withDeadline { [environment] in
            try await ChildProcess.run(BuiltProduct.agent.path, environment: environment)
        }
    }

    /// Seconds that the daemon has worked (proc(5), utime and stime of /proc/PID/stat).
    func processorTime() throws -> Double {
        let text = try String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8)
        // The name, in parentheses, may hold anything; utime is the twelfth field after it.
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        guard let user = Double(fields[12]), let system = Double(fields[13]) else { throw POSIXError(.EBADMSG) }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
