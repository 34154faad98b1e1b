import Glibc
import OutsideInput

/// Reads lines from a descriptor in whatever pieces they arrive.
struct LineReader {
    private let descriptor: CInt
    /// Bytes that a line may have.
    private let limit: Int
    private var buffer: [UInt8] = []
    private var isAtEnd = false

    init(descriptor: CInt, limit: Int) {
        self.descriptor = descriptor
        self.limit = limit
    }

    /// A line is longer than anything that is meant.
    struct LineTooLong: Error {}

    /// The next line without its newline, a last one without newline included; nil at the end of input.
    ///
    /// - Parameter everySecond: called while nothing arrives.
    /// - Throws: ``Interruption`` if a signal came first, ``SystemError`` if reading failed, ``LineTooLong``.
    mutating func next(_ interrupts: Interrupts?, everySecond: (() -> Void)? = nil) throws -> [UInt8]? {
        var searched = 0
        while true {
            if let line = lineInBuffer(from: searched) { return line }
            if isAtEnd {
                defer { buffer = [] }
                return buffer.isEmpty ? nil : buffer
            }
            searched = buffer.count
            guard searched <= limit else { throw LineTooLong() }
            if interrupts != nil || everySecond != nil {
                try waitUntilReadable(interrupts, everySecond)
            }
            try readMore()
        }
    }

    /// Whether something is to be read, for which it is waited until a time.
    func hasMore(until end: ContinuousClock.Instant, _ interrupts: Interrupts?) throws -> Bool {
        guard buffer.isEmpty, !isAtEnd else { return true }
        var entries = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: interrupts?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            let left = end - .now
            let milliseconds = Bounded.whole(left / .milliseconds(1), in: 0...3_600_000, rounded: .up) ?? 0
            let ready = poll(&entries, nfds_t(entries.count), CInt(clamping: milliseconds))
            if ready < 0 && errno != EINTR { throw SystemError.last }
            if let interruption = interrupts?.next() { throw interruption }
            if ready > 0 && entries[0].revents != 0 { return true }
            if left <= .zero { return false }
        }
    }

    /// The next line if it has arrived whole; nil if it has not, and at the end of input. Never waits.
    mutating func nextIfArrived() throws(SystemError) -> [UInt8]? {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while !isAtEnd, buffer.count <= limit, !buffer.contains(UInt8(ascii: "\n")), poll(&entry, 1, 0) > 0 {
            try readMore()
        }
        return lineInBuffer()
    }

    /// Everything up to the end of input, or more than `limit` bytes if there is no end.
    mutating func rest(limit: Int) throws -> [UInt8] {
        while !isAtEnd, buffer.count <= limit {
            try readMore()
        }
        defer { buffer = [] }
        return buffer
    }

    /// Takes the first line out of the buffer.
    ///
    /// - Parameter searched: how much of the buffer is known to be without a newline.
    private mutating func lineInBuffer(from searched: Int = 0) -> [UInt8]? {
        guard let newline = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        defer { buffer.removeSubrange(...newline) }
        return Array(buffer[..<newline])
    }

    private mutating func readMore() throws(SystemError) {
        let chunk = 16384
        let start = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: chunk))
        var count: Int
        repeat {
            count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress?.advanced(by: start), chunk) }
        } while count < 0 && errno == EINTR
        let failure = SystemError.last
        buffer.removeLast(chunk - max(count, 0))
        guard count >= 0 else { throw failure }
        isAtEnd = count == 0
    }

    /// Waits until something has arrived that is not in the buffer yet, or the input has ended.
    func waitUntilReadable(_ interrupts: Interrupts?, _ everySecond: (() -> Void)? = nil) throws {
        // poll(2) leaves out an entry whose descriptor is negative.
        var entries = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: interrupts?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            let ready = poll(&entries, nfds_t(entries.count), everySecond == nil ? -1 : 1000)
            if ready < 0 && errno != EINTR { throw SystemError.last }
            if let interruption = interrupts?.next() { throw interruption }
            if ready > 0 && entries[0].revents != 0 { return }
            if ready == 0 { everySecond?() }
        }
    }
}
