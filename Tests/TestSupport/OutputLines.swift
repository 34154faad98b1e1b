import Foundation

/// The text of one output stream, and those who wait for a line of it.
///
/// Its methods return what is to be resumed, which the caller does after giving up the lock that guards the value.
struct OutputLines {
    typealias Resumption = @Sendable () -> Void

    private struct Waiter {
        let id: UUID
        let matches: @Sendable (String) -> Bool
        let continuation: CheckedContinuation<String?, Never>
    }

    private var bytes: [UInt8] = []
    /// Where the first line begins that nobody has asked for yet.
    private var lineStart = 0
    private var isFinished = false
    private var waiters: [Waiter] = []
    private var cancelled: Set<UUID> = []

    var text: String { String(decoding: bytes, as: UTF8.self) }

    mutating func append(_ chunk: ArraySlice<UInt8>) -> [Resumption] {
        bytes += chunk
        return settle()
    }

    mutating func finish() -> [Resumption] {
        isFinished = true
        return settle()
    }

    /// Resumes the continuation with the first new line that matches, or with nil when there will be none.
    mutating func await(
        _ matches: @escaping @Sendable (String) -> Bool, id: UUID, _ continuation: CheckedContinuation<String?, Never>
    ) -> [Resumption] {
        if cancelled.remove(id) != nil { return [{ continuation.resume(returning: nil) }] }
        waiters.append(Waiter(id: id, matches: matches, continuation: continuation))
        return settle()
    }

    mutating func cancel(_ id: UUID) -> [Resumption] {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else {
            // Cancelled before it began to wait.
            cancelled.insert(id)
            return []
        }
        let waiter = waiters.remove(at: index)
        return [{ waiter.continuation.resume(returning: nil) }]
    }

    private mutating func settle() -> [Resumption] {
        var resumptions: [Resumption] = []
        while !waiters.isEmpty, let line = nextLine() {
            guard let index = waiters.firstIndex(where: { $0.matches(line) }) else { continue }
            let waiter = waiters.remove(at: index)
            resumptions.append { waiter.continuation.resume(returning: line) }
        }
        if isFinished {
            for waiter in waiters { resumptions.append { waiter.continuation.resume(returning: nil) } }
            waiters = []
        }
        return resumptions
    }

    private mutating func nextLine() -> String? {
        guard let end = bytes[lineStart...].firstIndex(of: UInt8(ascii: "\n")) else {
            guard isFinished, lineStart < bytes.count else { return nil }
            defer { lineStart = bytes.count }
            return String(decoding: bytes[lineStart...], as: UTF8.self)
        }
        defer { lineStart = end + 1 }
        return String(decoding: bytes[lineStart..<end], as: UTF8.self)
    }
}
