import CAgent
import Glibc
import PosternProtocol

/// One client: one JSON value a line in, one a line out. Lines are answered as they are done, in any order.
///
/// A connection has bounds of its own (requests and bytes at work, answers not read, time to finish a line), and begins one request in a turn, so that no
/// client can delay another. Where a bound is met nothing is read.
actor Connection {
    let socket: CInt
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

    var splitter = LineSplitter()
    private var lineTimer: Task<Void, Never>?
    var atWork: [Int: Task<Void, Never>] = [:]
    private(set) var count = 0
    private var loginWaits = 0
    private var bytesAtWork = 0
    /// The last turn in which a request was begun, or something read.
    private var turn = -1
    var batch: StartedBatch?
    private(set) var waitsForTurn = false
    var unsent = OutgoingBytes()
    var willFlush = false
    /// For so many turns the first of what is unsent has waited for answers to what came with it.
    var turnsHeld = 0
    var waitsForRoom = false
    /// As far as is known.
    private var isReadable = false
    /// The client sends no more; what it has sent may not have been read yet.
    private var hasEnded = false
    /// Nobody is left to read an answer; what was sent before is still done.
    var isHungUp = false
    /// Nothing more is read; what has come is answered.
    var isEnding = false
    var isOpen = true
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
        // A refresh that was waited for goes on.
        for task in atWork.values { task.cancel() }
        if let caller { events.remove(caller.subscriber) }
        // It has this connection in turn.
        caller = nil
        Reactor.shared.unwatch(socket)
        Glibc.close(socket)
        closed(self)
    }

    private func react(to readiness: Reactor.Readiness) {
        if !readiness.isDisjoint(with: [.readable, .ended, .hungUp]) { isReadable = !isEnding }
        if !readiness.isDisjoint(with: [.ended, .hungUp]) { hasEnded = true }
        if !readiness.isDisjoint(with: .hungUp) { isHungUp = true }
        // One that waits for its turn comes by itself: each further one would wait, too.
        if readiness.contains(.writable), !willFlush { flush() }
        proceed()
    }
}

// MARK: - Reading

extension Connection {
    /// A client that does not read its answers, or asks faster than it can be answered, is slowed down.
    private var mayBegin: Bool {
        isOpen && atWork.count + RequestHandler.batchLimit <= Self.atWorkLimit
            && bytesAtWork < Self.bytesAtWorkLimit && unsent.count < Self.unreadLimit
    }

    /// Reads some and begins a request, if there is one and it may begin; the rest is for later turns. To be called whenever that may have changed.
    func proceed() {
        guard isOpen, !waitsForTurn else { return }
        guard batch != nil || mayBegin else { return isHungUp ? close() : () }
        guard turn != Reactor.shared.turnNumber else { return waitForTurn() }
        if batch == nil, splitter.nextLength() == nil, isReadable { read() }
        guard isOpen else { return }
        if let length = batch?.rest.first?.count {
            guard length <= Self.longLine || Reactor.shared.takeLongTurn() else { return waitForTurn(first: true) }
            turn = Reactor.shared.turnNumber
            beginNext()
        } else if let length = splitter.nextLength() {
            guard length <= Self.longLine || Reactor.shared.takeLongTurn() else { return waitForTurn(first: true) }
            turn = Reactor.shared.turnNumber
            // A line that follows has its time from its own beginning.
            lineTimer?.cancel()
            lineTimer = nil
            switch splitter.next() {
            case .line(let line): begin(line)
            case .tooLong:
                end(saying: AgentError(.invalidRequest, "A line is longer than \(LineSplitter.limit) bytes."))
            case nil: break
            }
        }
        if hasMore {
            waitForTurn()
        } else if isHungUp {
            close()
        } else {
            if splitter.hasPartialLine, lineTimer == nil { startLineTimer() }
            closeIfDone()
        }
    }

    /// Whether there is something that could be begun, as far as is known.
    private var hasMore: Bool { isReadable || batch != nil || splitter.nextLength() != nil }

    private func waitForTurn(first: Bool = false) {
        guard hasMore else { return }
        waitsForTurn = true
        Reactor.shared.callInNextTurn(first: first) { [self] in
            assumeIsolated { connection in
                connection.waitsForTurn = false
                connection.proceed()
            }
        }
    }

    private func read() {
        turn = Reactor.shared.turnNumber
        let buffer = Reactor.shared.readBuffer
        let count = Glibc.read(socket, buffer, Reactor.readSize)
        if count > 0 {
            // epoll(7): less than was asked for means that there is no more now, and that more will be told of.
            // The end is told of once.
            if count < Reactor.readSize, !hasEnded { isReadable = false }
            splitter.feed(UnsafeRawBufferPointer(start: buffer, count: count))
            // It may have been a code or a client's secret.
            explicit_bzero(buffer, count)
        } else if count == 0 {
            splitter.finish()
            endReading()
        } else if errno == EAGAIN {
            isReadable = false
        } else if errno != EINTR {
            close()
        }
    }

    func endReading() {
        isEnding = true
        isReadable = false
        lineTimer?.cancel()
    }

    private func startLineTimer() {
        guard !isEnding else { return }
        lineTimer = Task {
            // Throws when cancelled: the line has ended, or the connection.
            if (try? await clock.sleep(for: Self.lineDeadline)) != nil, !Task.isCancelled { lineIsLate() }
        }
    }

    private func lineIsLate() {
        lineTimer = nil
        // The rest of the line may be there and only not read yet.
        guard mayBegin, !hasMore else { return startLineTimer() }
        end(saying: AgentError(.invalidRequest, "A line was not finished within 10 seconds."))
    }
}

// MARK: - Answering

extension Connection {
    /// A batch whose requests are being begun.
    struct StartedBatch {
        let line: [UInt8]
        var rest: ArraySlice<Range<Int>>
        let answers: AnswerBatch
    }

    private func begin(_ line: [UInt8]) {
        switch handler.read(line) {
        case .request(let request): begin(request, in: nil)
        case .batch(let elements):
            batch = StartedBatch(line: line, rest: elements[...], answers: AnswerBatch(of: elements.count))
            bytesAtWork += line.count
        }
    }

    /// The next request of the batch.
    private func beginNext() {
        guard let element = batch?.rest.popFirst(), let batch else { return }
        if batch.rest.isEmpty {
            bytesAtWork -= batch.line.count
            self.batch = nil
        }
        begin(handler.read(element: batch.line[element]), in: batch.answers)
    }

    private func begin(_ request: RequestHandler.ReadRequest, in batch: AnswerBatch?) {
        let waits = request.method == WaitForLogin.method
        if waits, loginWaits == Self.loginWaitLimit {
            let error = AgentError(.busy, "Only \(Self.loginWaitLimit) of a connection may wait for a login at once.")
            return end(handler.refusal(of: request, error), in: batch)
        }
        if waits { loginWaits += 1 }
        bytesAtWork += request.size
        count += 1
        let number = count
        let caller = asCaller
        atWork[number] = Task {
            let answer = await handler.answer(request, caller: caller)
            atWork[number] = nil
            bytesAtWork -= request.size
            if waits { loginWaits -= 1 }
            // Nobody is there any more; what the request may have subscribed to is for nobody.
            guard isOpen else { return events.remove(caller.subscriber) }
            end(answer, in: batch)
            proceed()
        }
    }

    /// - Parameter answer: nil if there is none to give.
    private func end(_ answer: Answer?, in batch: AnswerBatch?) {
        guard let batch else { return write(answer) }
        bytesAtWork -= batch.size
        let whole = batch.take(answer)
        bytesAtWork += batch.size
        if batch.isComplete { write(whole) }
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
}
