import Foundation

/// The command at a terminal, and a person who reads and types.
package struct Terminal: Sendable {
    /// Ctrl-C, as the keyboard sends it.
    package static let interrupt = "\u{3}"

    /// What was waited for did not appear.
    package struct NotShown: Error {
        package var text: String
        package var screen: String
    }

    fileprivate let child: ChildProcess

    /// Everything that the terminal has shown, what was typed included.
    package var screen: String { child.text(of: .error) }

    /// Waits until the terminal shows `text` after what was waited for before, and returns what it has shown in between.
    @discardableResult
    package func shows(_ text: String) async throws -> String {
        do {
            return try await withDeadline(.seconds(40)) { [child] in try await child.text(upTo: text, in: .error) }
        } catch is DeadlineExceeded, is ChildProcess.NothingSuch {
            throw NotShown(text: text, screen: screen)
        }
    }

    package func type(_ text: String) throws {
        try child.write(text)
    }

    package func send(_ signal: Int32) {
        child.send(signal)
    }

    /// Waits until the command has ended: how, what it wrote to standard output, and all that the terminal has shown.
    package func end() async throws -> ChildProcess.Result {
        try await withDeadline(.seconds(40)) { [child] in await child.result() }
    }
}

extension RunningAgent {
    /// Runs the command at a terminal as long as `body` does. The terminal is a dumb one, whose text stays as it was written.
    package nonisolated func withTerminal<Value>(
        _ arguments: String..., body: (Terminal) async throws -> Value
    ) async throws -> Value {
        try await withTerminal(Self.command, arguments, body)
    }

    /// Runs a line of shell at a terminal as ``withTerminal(_:body:)`` does; `$0` is the command.
    package nonisolated func withTerminalShell<Value>(
        _ line: String, body: (Terminal) async throws -> Value
    ) async throws -> Value {
        try await withTerminal("sh", ["-c", line, Self.command], body)
    }

    private nonisolated func withTerminal<Value>(
        _ program: String, _ arguments: [String], _ body: (Terminal) async throws -> Value
    ) async throws -> Value {
        let environment = environment.merging(["TERM": "dumb"]) { _, dumb in dumb }
        return try await withChildProcess(program, arguments, environment: environment, isOnTerminal: true) {
            try await body(Terminal(child: $0))
        }
    }
}
