import Foundation
import Glibc
import KeyringProtocol
import TestSupport
import Testing

@testable import Agent

@Suite("A keyring worker's process", .timeLimit(.minutes(5)))
struct KeyringWorkerProcessTests {
    @Test("it inherits nothing but its socket and standard error")
    func inheritsNothing() throws {
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        defer { ends.forEach { close($0) } }
        // A redirection of its own would show among its descriptors, so it answers from a subshell.
        let answerEnvironment = #"while read -r line; do (echo "{\"found\":{\"secret\":\"$A\"}}" >&0); done"#
        let worker = try KeyringWorkerProcess(
            executable: "/bin/sh", arguments: ["-c", answerEnvironment], environment: ["A": "B"])
        let answer = try worker.ask(KeyringRequest(operation: .load, item: .work), before: .now + .seconds(20))
        #expect(answer == .found(secret: "B"))

        let directory = "/proc/\(worker.processID)"
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(directory)/fd").sorted() == ["0", "1", "2"])
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(directory)/fd/1") == "/dev/null")
        #expect(getpgid(worker.processID) == worker.processID)
    }

    @Test("it ends when nobody holds it any more")
    func endsWhenReleased() throws {
        var worker: KeyringWorkerProcess? = try KeyringWorkerProcess(
            executable: "/bin/sleep", arguments: ["600"], environment: [:])
        let processID = try #require(worker?.processID)
        worker = nil
        #expect(kill(processID, 0) == -1 && errno == ESRCH)
    }

    @Test("one that does not read, one that has ended and one that answers nonsense are told apart")
    func failures() throws {
        let request = KeyringRequest(operation: .save, item: .work, secret: String(repeating: "x", count: 1 << 20))
        let cases: [(String, KeyringWorkerProcess.Failure)] = [
            ("exec sleep 600", .timedOut),
            ("exit", .ended),
            ("echo nonsense >&0; exec cat >/dev/null", .unreadable),
        ]
        for (script, failure) in cases {
            let worker = try KeyringWorkerProcess(
                executable: "/bin/sh", arguments: ["-c", script], environment: ["PATH": "/usr/bin:/bin"])
            // Nothing waits this long but the first, which never answers.
            let deadline = ContinuousClock.now + (failure == .timedOut ? .milliseconds(200) : .seconds(20))
            #expect(throws: failure) { try worker.ask(request, before: deadline) }
        }
    }
}
