import CAgent
import Glibc
import PosternProtocol

/// One client: one JSON value a line in, one a line out. Lines are answered as they are done, in any order.
///
/// A connection has bounds of its own (line length, time to finish a line, requests at work, answers not read), so that no client can delay another.
actor Connection {
    /// Lines worked on at once; more wait until one is answered, and nothing is read meanwhile.
    static let atWorkLimit = 128
    /// Bytes of answers that a client may leave unread before nothing more is read from it.
    static let unreadAnswersLimit = 1 << 20
    /// Reads of 16 KiB at most until others have their turn.
    private static let readsPerTurn = 4
    /// A line that has begun must end within this time.
    static let lineDeadline = Duration.seconds(10)

    private let socket: CInt
    /// The process that connected; 0 if it cannot be seen.
    private let process: pid_t
    private let number: Int
    /// Clock ticks since the machine's start.
    private let accepted = postern_ticks()
    private let handler: RequestHandler
    private let events: EventHub
    private let clock: any AgentClock
    /// Called when it has been closed.
    private let closed: @Sendable (Connection) -> Void

    private var splitter = LineSplitter()
    private var lineTimer: Task<Void, Never>?
    private var atWork: [Int: Task<Void, Never>] = [:]
    private var count = 0
    private var waiting: [[UInt8]] = []
    /// What the socket has not taken yet.
    private var unsent: [UInt8] = []
    private var willFlush = false
    private var waitsForRoom = false
    /// There is something to read, as far as is known.
    private var isReadable = false
    /// The client has said that it sends no more; what it has sent may not have been read yet.
    private var hasEnded = false
    /// Nothing more is read; what is being worked on is answered.
    private var isEnding = false
    private var isOpen = true
    private var caller: Caller?
    private var peer: Peer?

    nonisolated var unownedExecutor: UnownedSerialExecutor { Reactor.shared.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - socket: does not block, and is closed by the connection.
    ///   - process: the process that connected, by the socket's credentials.
    ///   - number: no other connection's.
    init(
        _ socket: CInt, of process: pid_t, number: Int, handler: RequestHandler, events: EventHub,
        clock: any AgentClock,
        closed: @escaping @Sendable (Connection) -> Void
    ) {
        self.socket = socket
        self.process = process
        self.number = number
        self.handler = handler
        self.events = events
        self.clock = clock
        self.closed = closed
    }

    /// - Parameter isBusy: there are too many connections; it says so and ends.
    func open(isBusy: Bool) {
        Reactor.shared.watch(socket, edges: true) { [self] readiness in
            assumeIsolated { $0.react(to: readiness) }
        }
        if isBusy { end(saying: AgentError(.busy, "Too many connections are open.")) }
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        lineTimer?.cancel()
        // Nobody is left to be answered. A refresh that was waited for goes on.
        for task in atWork.values { task.cancel() }
        waiting = []
        if let caller { events.remove(caller.subscriber) }
        // It has this connection in turn.
        caller = nil
        Reactor.shared.unwatch(socket)
        Glibc.close(socket)
        closed(self)
    }

    private func react(to readiness: Reactor.Readiness) {
        if !readiness.isDisjoint(with: [.readable, .ended, .hungUp]) { isReadable = true }
        if !readiness.isDisjoint(with: [.ended, .hungUp]) { hasEnded = true }
        if readiness.contains(.writable) { flush() }
        read()
        if !readiness.isDisjoint(with: .hungUp) { close() }
    }
}

// MARK: - Reading

extension Connection {
    /// A client that does not read its answers, or asks faster than it can be answered, is slowed down.
    private var mayRead: Bool {
        isOpen && !isEnding && atWork.count < Self.atWorkLimit && unsent.count < Self.unreadAnswersLimit
    }

    private func read() {
        var reads = 0
        while isReadable, mayRead {
            // Who sends without end must not keep the thread: epoll tells again, when all others have had their turn.
            guard reads < Self.readsPerTurn else { return Reactor.shared.rearm(socket, forRoom: waitsForRoom) }
            reads += 1
            withUnsafeTemporaryAllocation(byteCount: 16384, alignment: 1) { buffer in
                let count = Glibc.read(socket, buffer.baseAddress, buffer.count)
                if count > 0 {
                    // epoll(7): less than was asked for means that there is no more now, and that more will be told of.
                    // The end is told of once.
                    if count < buffer.count, !hasEnded { isReadable = false }
                    take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                } else if count == 0 {
                    isReadable = false
                    readLast()
                } else if errno == EAGAIN {
                    isReadable = false
                } else if errno != EINTR {
                    close()
                }
            }
        }
    }

    private func take(_ bytes: UnsafeRawBufferPointer) {
        let elements = splitter.feed(bytes)
        take(elements)
        if !splitter.hasPartialLine || !elements.isEmpty {
            // Each line has its time from its own beginning.
            lineTimer?.cancel()
            lineTimer = nil
        }
        if splitter.hasPartialLine, !isEnding, lineTimer == nil { startLineTimer() }
    }

    private func startLineTimer() {
        lineTimer = Task {
            try? await clock.sleep(for: Self.lineDeadline)  // cancelled: the line has ended, or the connection
            if !Task.isCancelled { lineIsLate() }
        }
    }

    private func readLast() {
        lineTimer?.cancel()
        take(splitter.finish())
        isEnding = true
        closeIfDone()
    }

    private func take(_ elements: [LineSplitter.Element]) {
        for element in elements {
            switch element {
            case .line(let line) where atWork.count < Self.atWorkLimit: answer(line)
            case .line(let line): waiting.append(line)
            case .tooLong:
                end(saying: AgentError(.invalidRequest, "A line is longer than \(LineSplitter.limit) bytes."))
            }
        }
    }

    private func lineIsLate() {
        // The rest of the line may be there and only not read yet.
        guard mayRead else { return startLineTimer() }
        end(saying: AgentError(.invalidRequest, "A line was not finished within 10 seconds."))
    }
}

// MARK: - Answering

extension Connection {
    private func answer(_ line: [UInt8]) {
        count += 1
        let number = count
        let caller = asCaller
        atWork[number] = Task {
            let answer = await handler.answer(line, caller: caller)
            atWork[number] = nil
            // Nobody is there any more; what the request may have subscribed to is for nobody.
            guard isOpen else { return events.remove(caller.subscriber) }
            if !waiting.isEmpty { self.answer(waiting.removeFirst()) }
            write(answer)
        }
    }

    /// This connection as the methods know it: one that events can be sent over, with a process at its other end.
    private var asCaller: Caller {
        if let caller { return caller }
        let subscriber = Subscriber { [self] line in
            Reactor.shared.execute { self.assumeIsolated { $0.send(event: line) } }
        }
        let caller = Caller(pid: process > 0 ? process : nil, subscriber: subscriber) { [self] in await lookUpPeer() }
        self.caller = caller
        return caller
    }

    /// Looks once, and not after the end: the socket's number may be another's by then.
    private func lookUpPeer() -> Peer {
        if let peer { return peer }
        let peer = Peer(
            connection: number, pid: process > 0 ? process : nil,
            terminal: isOpen ? TerminalSession(ofPeer: process, at: socket, accepted: accepted) : nil)
        self.peer = peer
        return peer
    }

    /// A subscriber who has left so much unread would miss events without knowing; it loses the connection instead.
    private func send(event line: [UInt8]) {
        guard unsent.count < Self.unreadAnswersLimit else { return close() }
        write(line)
    }

    /// Says what is wrong with the connection itself, and ends it after what is still being worked on.
    private func end(saying error: AgentError) {
        guard !isEnding else { return }
        isEnding = true
        write(RequestHandler.complaint(error))
    }
}

// MARK: - Writing

extension Connection {
    private func write(_ answer: consuming [UInt8]?) {
        guard isOpen else { return }
        if var line = consume answer {
            line.append(UInt8(ascii: "\n"))
            if unsent.isEmpty { unsent = line } else { unsent += line }
        }
        guard !willFlush else { return }
        willFlush = true
        // The answers to requests that came together leave together.
        Reactor.shared.callAtEndOfTurn { [self] in assumeIsolated { $0.flush() } }
    }

    private func flush() {
        willFlush = false
        guard isOpen else { return }
        var sent = 0
        while sent < unsent.count {
            let count = unsent[sent...].withUnsafeBytes { bytes in
                Glibc.send(socket, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL))
            }
            if count >= 0 {
                sent += count
            } else if errno == EAGAIN {
                break
            } else if errno != EINTR {
                return close()
            }
        }
        // Taken whole, as it is as a rule, it goes with the memory that it needed.
        if sent == unsent.count { unsent = [] } else { unsent.removeFirst(sent) }
        if waitsForRoom == unsent.isEmpty {
            waitsForRoom.toggle()
            Reactor.shared.rearm(socket, forRoom: waitsForRoom)
        }
        read()
        closeIfDone()
    }

    private func closeIfDone() {
        if isEnding, atWork.isEmpty, waiting.isEmpty, unsent.isEmpty, !willFlush { close() }
    }
}
