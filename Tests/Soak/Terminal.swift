import ArgumentParser
import Foundation
import UnixSignals

/// Prints a line at once, also where standard output is a pipe.
func say(_ text: String) {
    // Whoever no longer reads it does not want it.
    try? FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
}

/// Runs `body` until it ends or somebody presses Ctrl-C, which cancels it; what it made is gone then too.
func untilInterrupted(_ body: @escaping @Sendable () async throws -> Void) async throws {
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
    try await withThrowingTaskGroup(of: Bool.self) { group in
        group.addTask {
            try await body()
            return true
        }
        group.addTask {
            for await _ in signals { break }
            return false
        }
        let isDone = try await group.next() ?? false
        group.cancelAll()
        guard !isDone else { return }
        // However it ends, it was interrupted.
        _ = try? await group.next()
        throw ExitCode(128 + SIGINT)
    }
}
