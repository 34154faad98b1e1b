import CCrash
import Foundation
import Glibc
import Testing

@Suite("A crash")
struct CrashReportTests {
    /// What a process of its own has written to standard error when it crashed.
    private static func report(_ result: ExitTest.Result?) throws -> [Substring] {
        String(decoding: try #require(result).standardErrorContent, as: UTF8.self).split(separator: "\n")
            .filter { $0.contains("crashed:") }
    }

    @Test("at an address that is none says so, and still ends the process by the signal of that fault")
    func fault() async throws {
        let result = await #expect(processExitsWith: .signal(SIGSEGV), observing: [\.standardErrorContent]) {
            postern_report_crashes("test")
            UnsafeMutablePointer<UInt8>(bitPattern: 0x10)?.pointee = 1
        }
        let lines = try Self.report(result)
        #expect(lines.count == 1)
        #expect(lines.first?.hasPrefix("test: crashed: SIGSEGV (11), code 1, address 0x10, at: ") == true, "\(lines)")
    }

    @Test("of Swift's own, such as a sum that is no integer, shows where it was")
    func trap() async throws {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            postern_report_crashes("test")
            overflow(.max)
        }
        let lines = try Self.report(result)
        #expect(lines.count == 1)
        let line = try #require(lines.first)
        #expect(line.hasPrefix("test: crashed: SIGILL (4), ") || line.hasPrefix("test: crashed: SIGTRAP (5), "))
        // The first call that is shown is the one that crashed.
        let place = try #require(line.firstMatch(of: /at: [^ +]+\+0x([0-9a-f]+)/)).1
        let resolved = try resolve(String(place))
        #expect(resolved.contains("overflow"), "\(line)\n\(resolved)")
    }

    @Test(
        "by a stack that has no end is reported from a stack of its own, on other threads too",
        arguments: [false, true])
    func stackOverflow(onOtherThread: Bool) async throws {
        let result =
            onOtherThread
            ? await #expect(processExitsWith: .signal(SIGSEGV), observing: [\.standardErrorContent]) {
                postern_report_crashes("test")
                var thread = pthread_t()
                pthread_create(
                    &thread, nil,
                    { _ in
                        postern_report_stack_overflow()
                        print(recurse(0))
                        return nil
                    }, nil)
                pthread_join(thread, nil)
            }
            : await #expect(processExitsWith: .signal(SIGSEGV), observing: [\.standardErrorContent]) {
                postern_report_crashes("test")
                postern_report_stack_overflow()
                print(recurse(0))
            }
        let lines = try Self.report(result)
        #expect(lines.count == 1 && lines.first?.contains("SIGSEGV") == true, "\(lines)")
    }

    @Test("by abort, or by a signal that somebody sent, keeps its status and names the sender")
    func sent() async throws {
        let aborted = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            postern_report_crashes("test")
            abort()
        }
        #expect(try Self.report(aborted).count == 1)
        let killed = await #expect(processExitsWith: .signal(SIGBUS), observing: [\.standardErrorContent]) {
            postern_report_crashes("test")
            kill(getpid(), SIGBUS)
            // Another thread may take it, and must not find the process ending.
            while true { pause() }
        }
        let lines = try Self.report(killed)
        #expect(lines.count == 1 && lines.first?.contains("SIGBUS (7), code 0, sent by process ") == true, "\(lines)")
    }

    @Test("of several threads at once is one line")
    func several() async throws {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            postern_report_crashes("test")
            for _ in 1...8 {
                var thread = pthread_t()
                pthread_create(&thread, nil, { _ in abort() }, nil)
            }
            while true { pause() }
        }
        #expect(try Self.report(result).count == 1)
    }

    @Test("has the journal's priority where standard error is the journal, and only there", arguments: [true, false])
    func priority(isJournal: Bool) async throws {
        let result =
            isJournal
            ? await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
                var file = stat()
                fstat(STDERR_FILENO, &file)
                setenv("JOURNAL_STREAM", "\(file.st_dev):\(file.st_ino)", 1)
                postern_report_crashes("test")
                abort()
            }
            : await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
                setenv("JOURNAL_STREAM", "1:1", 1)
                postern_report_crashes("test")
                abort()
            }
        #expect(try Self.report(result).first?.hasPrefix(isJournal ? "<2>test: " : "test: ") == true)
    }
}

/// Not inlined, so that it is a place of its own.
@inline(never)
private func overflow(_ number: Int) {
    print(number + 1)
}

@inline(never)
private func recurse(_ depth: Int) -> Int {
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 16) { memory in
        memory.storeBytes(of: depth, as: Int.self)
        return recurse(depth &+ 1) &+ memory.load(as: Int.self)
    }
}

/// What addr2line(1) says of an offset in this program.
private func resolve(_ offset: String) throws -> String {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/addr2line")
    process.arguments = [
        "-f", "-e", try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"), "0x" + offset,
    ]
    process.standardOutput = pipe
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd()
    process.waitUntilExit()
    return String(decoding: output ?? Data(), as: UTF8.self)
}
