import Foundation

/// The text of one output stream, and those who wait for something to appear in it.
///
/// Its methods return what is to be resumed, which the caller does after giving up the lock that guards the value.
struct OutputText {
    typealias Resumption = @Sendable () -> Void

    /// What somebody waits for. What was found, and all before it, is not looked at again.
    enum Wanted: Sendable {
        /// A line for which this holds; without its newline.
        case line(@Sendable (String) -> Bool)
        /// A text anywhere, in an unfinished line too: what is found is everything up to its end.
        case text(String)
    }

    private struct Waiter {
        let id: UUID
        let wanted: Wanted
        let continuation: CheckedContinuation<String?, Never>
        /// Where the lines begin that it has not looked at: megabytes are not searched anew for each line that is added.
        var unseen = 0
    }

    private struct Finding {
        var text: String
        /// Where what was found begins, by which the first of several findings is told.
        var start: Int
        /// Where the search goes on.
        var end: Int
    }

    private var bytes: [UInt8] = []
    /// Where what nobody has found yet begins.
    private var position = 0
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

    /// Resumes the continuation with what is wanted, or with nil when it will not come.
    mutating func await(
        _ wanted: Wanted, id: UUID, _ continuation: CheckedContinuation<String?, Never>
    ) -> [Resumption] {
        if cancelled.remove(id) != nil { return [{ continuation.resume(returning: nil) }] }
        waiters.append(Waiter(id: id, wanted: wanted, continuation: continuation))
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
        while let (index, finding) = nextFinding() {
            let waiter = waiters.remove(at: index)
            position = finding.end
            resumptions.append { waiter.continuation.resume(returning: finding.text) }
        }
        if isFinished {
            for waiter in waiters { resumptions.append { waiter.continuation.resume(returning: nil) } }
            waiters = []
        }
        return resumptions
    }

    /// The first thing in the text that somebody waits for, and who.
    private mutating func nextFinding() -> (index: Int, finding: Finding)? {
        var findings: [(index: Int, finding: Finding)] = []
        for index in waiters.indices {
            var waiter = waiters[index]
            if let finding = find(for: &waiter) { findings.append((index, finding)) }
            waiters[index] = waiter
        }
        return findings.min { $0.finding.start < $1.finding.start }
    }

    private func find(for waiter: inout Waiter) -> Finding? {
        switch waiter.wanted {
        case .line(let matches):
            waiter.unseen = max(waiter.unseen, position)
            while let line = line(at: waiter.unseen) {
                if matches(line.text) { return line }
                waiter.unseen = line.end
            }
            return nil
        case .text(let text):
            guard let range = bytes[position...].firstRange(of: Array(text.utf8)) else { return nil }
            return Finding(
                text: String(decoding: bytes[position..<range.upperBound], as: UTF8.self), start: range.lowerBound,
                end: range.upperBound)
        }
    }

    /// The line that begins there; nil if it is not all there yet. At the end of the stream a last line may lack its newline.
    private func line(at start: Int) -> Finding? {
        if let newline = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            return Finding(
                text: String(decoding: bytes[start..<newline], as: UTF8.self), start: start, end: newline + 1)
        }
        guard isFinished, start < bytes.count else { return nil }
        return Finding(text: String(decoding: bytes[start...], as: UTF8.self), start: start, end: bytes.count)
    }
}
