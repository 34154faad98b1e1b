import PosternProtocol

// What goes out: answers, events, and what is wrong with the connection itself.

extension Connection {
    /// A subscriber who has left so much unread would miss events without knowing; it loses the connection instead.
    func send(event line: [UInt8]) {
        guard unsent.count < Self.unreadEventsLimit else { return close() }
        write(Answer(line))
    }

    /// Says what is wrong with the connection itself, and ends it after what is still being worked on.
    func end(saying error: AgentError) {
        endReading()
        splitter = LineSplitter()
        write(RequestHandler.complaint(error))
    }

    func write(_ answer: consuming Answer?) {
        guard isOpen else { return }
        if var answer = consume answer, !isHungUp {
            answer.append("\n")
            unsent.append(answer)
        }
        guard !willFlush else { return }
        willFlush = true
        Reactor.shared.callAtEndOfTurn { [self] in assumeIsolated { $0.flush() } }
    }

    func flush() {
        willFlush = false
        guard isOpen else { return }
        // The answers to requests that came together leave together: a system call for each would take as long as the answers.
        if waitsForTurn, turnsHeld < Self.turnsHeldLimit, unsent.count < Answer.longPiece {
            turnsHeld += 1
            willFlush = true
            return Reactor.shared.callInNextTurn { [self] in assumeIsolated { $0.flush() } }
        }
        guard unsent.count < Self.longWrite || Reactor.shared.takeLongTurn() else {
            willFlush = true
            return Reactor.shared.callInNextTurn(first: true) { [self] in assumeIsolated { $0.flush() } }
        }
        turnsHeld = 0
        if !unsent.send(to: socket) {
            // Nobody reads any more; what was sent before is still done.
            isHungUp = true
            unsent = OutgoingBytes()
        }
        if waitsForRoom == unsent.isEmpty {
            waitsForRoom.toggle()
            Reactor.shared.rearm(socket, forRoom: waitsForRoom)
        }
        proceed()
        closeIfDone()
    }

    func closeIfDone() {
        if isOpen, isEnding, atWork.isEmpty, batch == nil, splitter.nextLength() == nil, unsent.isEmpty, !willFlush {
            close()
        }
    }
}
