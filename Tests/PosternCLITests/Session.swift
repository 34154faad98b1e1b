import FoundationEssentials
import Glibc
import PosternProtocol

/// The built `postern` run once against an agent that answers from a script: everything on one thread, moved on by
/// events alone.
struct Session {
    /// What the agent is asked next, and what it says to that.
    struct Exchange: Sendable {
        var method: String
        var reply: Reply
    }

    /// The agent's side of an exchange.
    enum Reply: Sendable {
        case result(String)
        case error(String)
        /// Whatever it is, and then the end.
        case bytes(String)
        case hangUp
        /// No answer; then the given signal for the command, if any.
        case silence(signal: CInt?)
        /// The person types something on the terminal just before the answer comes.
        indirect case typed(String, Reply)
        /// A line for all other connections, just before the answer comes.
        indirect case telling(String, Reply)
        /// The same, and then the end of those connections.
        indirect case leaving(String, Reply)
        /// The answer comes once something holds.
        indirect case once(@Sendable () -> Bool, Reply)
    }

    /// What the command reads.
    enum Input {
        case text(String)
        /// The null device.
        case null
        /// A terminal for stdin and stderr, and what is done there when certain words have appeared.
        case terminal([(seen: String, act: Act)])
    }

    /// What the person does.
    enum Act: Sendable {
        case type(String)
        case signal(CInt)
    }

    /// Where the command's stdout leads.
    enum Output {
        case read
        case closedReader
        case file(String)
        case closed
    }

    /// What was seen of the command once it had ended.
    struct Ending {
        var status: CInt = -1
        var output = ""
        /// stderr; on a terminal all that it showed.
        var words = ""
        var requests: [JSONValue] = []
        /// Whether the terminal still echoes what is typed.
        var echoes = true

        /// The params of the requests, in order.
        var params: [JSONValue] {
            requests.map { request in
                guard case .object(let members) = request else { return .null }
                return members["params"] ?? .null
            }
        }
    }

    /// The command had not ended in 20 s.
    struct Stuck: Error {
        var soFar: Ending
    }

    var script: [Exchange] = []
    /// What `profile.list` is answered with, where the script does not expect it.
    var profiles = "[]"
    /// Members of what `agent.hello` is answered with, where the script does not expect it, with a comma before each.
    var hello = ""
    var input = Input.text("")
    var output = Output.read
    /// The width of the terminal's window; not known if nil.
    var columns: Int?
    var environment: [String: String] = [:]
    /// Changes the socket file before the command starts.
    var prepare: (String) -> Void = { _ in }

    func run(_ arguments: String...) throws -> Ending {
        try run(arguments)
    }

    /// Runs the command to its end.
    func run(_ arguments: [String]) throws -> Ending {
        let directory = try TemporaryDirectory()
        let listener = try ListeningSocket(path: directory.path + "/agent.sock")
        prepare(listener.path)
        var settings = ["POSTERN_SOCKET": listener.path, "TZ": "UTC", "TERM": "xterm"]
        settings.merge(environment) { $1 }

        let terminal: PseudoTerminal? = if case .terminal = input { try PseudoTerminal(columns: columns) } else { nil }
        var isAttached = true
        if case .null = input { isAttached = false }
        let child = try Child(
            arguments, environment: settings, terminal: terminal, output: output, isAttached: isAttached)
        defer { child.end() }
        var loop = EventLoop(session: self, listener: listener, child: child)
        return try loop.run()
    }
}

/// Serves the agent's side and the person's side of one session until the command has ended.
private struct EventLoop {
    let session: Session
    let listener: ListeningSocket
    let child: Child
    var ending = Session.Ending()
    var exchanges: ArraySlice<Session.Exchange>
    var acts: ArraySlice<(seen: String, act: Session.Act)> = []
    var searched = 0
    var connections: [CInt: [UInt8]] = [:]

    init(session: Session, listener: ListeningSocket, child: Child) {
        self.session = session
        self.listener = listener
        self.child = child
        exchanges = session.script[...]
        switch session.input {
        case .text(let text):
            writeAll(Array(text.utf8), to: child.input)
            shutdown(child.input, CInt(SHUT_WR))
        case .null: break
        case .terminal(let acts):
            self.acts = acts[...]
        }
    }

    mutating func run() throws -> Session.Ending {
        defer { connections.keys.forEach { _ = close($0) } }
        var open = Set([child.output, child.words].filter { $0 >= 0 })
        let deadline = Moment(seconds: 20)
        while true {
            let sources = [listener.descriptor] + Array(open) + Array(connections.keys)
            var entries = sources.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            // A terminal stays open beyond its command, so the command's end is looked for as well.
            poll(&entries, nfds_t(entries.count), 20)
            for entry in entries where entry.revents != 0 {
                switch entry.fd {
                case listener.descriptor: connections[accept(entry.fd, nil, nil)] = []
                case child.output: if !receive(from: entry.fd, into: \.output) { open.remove(entry.fd) }
                case child.words: if !receive(from: entry.fd, into: \.words) { open.remove(entry.fd) }
                default: serve(entry.fd)
                }
            }
            act()
            if entries.allSatisfy({ $0.revents == 0 }), let status = child.status() {
                ending.status = status
                ending.echoes = child.terminal?.echoes ?? true
                return ending
            }
            if deadline.isOver { throw Session.Stuck(soFar: ending) }
        }
    }

    private mutating func receive(
        from descriptor: CInt, into text: WritableKeyPath<Session.Ending, String>
    ) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65536)
        let count = read(descriptor, &chunk, chunk.count)
        guard count > 0 else { return false }
        ending[keyPath: text] += String(decoding: chunk.prefix(count), as: UTF8.self)
        return true
    }

    private mutating func act() {
        let seen = Array(ending.words.utf8)
        while let next = acts.first, let found = find(next.seen, in: seen) {
            searched = found
            acts.removeFirst()
            switch next.act {
            case .type(let text): writeAll(Array(text.utf8), to: child.input)
            case .signal(let signal): kill(child.pid, signal)
            }
        }
    }

    private func find(_ text: String, in bytes: [UInt8]) -> Int? {
        let wanted = Array(text.utf8)
        guard bytes.count >= searched + wanted.count else { return nil }
        return (searched...(bytes.count - wanted.count)).first { bytes[$0..<$0 + wanted.count].elementsEqual(wanted) }
            .map { $0 + wanted.count }
    }

    private mutating func serve(_ connection: CInt) {
        var chunk = [UInt8](repeating: 0, count: 65536)
        let count = read(connection, &chunk, chunk.count)
        guard count > 0 else { return hangUp(connection) }
        connections[connection, default: []] += chunk.prefix(count)
        while let end = connections[connection]?.firstIndex(of: UInt8(ascii: "\n")) {
            let line = Array(connections[connection]?.prefix(end) ?? [])
            connections[connection]?.removeSubrange(...end)
            reply(to: line, connection)
        }
    }

    private mutating func reply(to line: [UInt8], _ connection: CInt) {
        // A line that is no JSON shows in the test as a null among the requests.
        let request = (try? JSONDecoder().decode(JSONValue.self, from: Data(line))) ?? .null
        if case .object(let members) = request, members["method"] == .string("profile.list"),
            exchanges.first?.method != "profile.list"
        {
            return send("\"result\":{\"profiles\":\(session.profiles)}", connection)
        }
        if case .object(let members) = request, members["method"] == .string("agent.hello") {
            let result =
                #"{"name":"posternd","version":"1","protocol":{"min":1,"max":1},"pid":1,"started_at":1\#(session.hello)}"#
            return send("\"result\":\(result)", connection)
        }
        ending.requests.append(request)
        guard case .object(let members) = request, let exchange = exchanges.popFirst(),
            members["method"] == .string(exchange.method)
        else {
            return send(
                #""error":{"code":-32601,"message":"not in the script","data":{"reason":"x","retryable":false}}"#,
                connection)
        }
        send(exchange.reply, connection)
    }

    private mutating func send(_ reply: Session.Reply, _ connection: CInt) {
        switch reply {
        case .result(let json): send("\"result\":\(json)", connection)
        case .error(let json): send("\"error\":\(json)", connection)
        case .bytes(let text):
            writeAll(Array(text.utf8), to: connection)
            hangUp(connection)
        case .hangUp: hangUp(connection)
        case .silence(let signal): if let signal { kill(child.pid, signal) }
        case .leaving(let line, let reply):
            send(.telling(line, reply), connection)
            connections.keys.filter { $0 != connection }.forEach { hangUp($0) }
        case .once(let holds, let reply):
            let deadline = Moment(seconds: 10)
            while !holds(), !deadline.isOver { sched_yield() }
            send(reply, connection)
        case .telling(let line, let reply):
            for other in connections.keys where other != connection { writeAll(Array((line + "\n").utf8), to: other) }
            send(reply, connection)
        case .typed(let text, let reply):
            writeAll(Array(text.utf8), to: child.input)
            send(reply, connection)
        }
    }

    private func send(_ member: String, _ connection: CInt) {
        writeAll(Array("{\"jsonrpc\":\"2.0\",\"id\":1,\(member)}\n".utf8), to: connection)
    }

    private mutating func hangUp(_ connection: CInt) {
        close(connection)
        connections[connection] = nil
    }
}

private func writeAll(_ bytes: [UInt8], to descriptor: CInt) {
    var rest = bytes[...]
    while !rest.isEmpty {
        // A command that has gone must not end the tests by SIGPIPE; a terminal is no socket.
        var count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
        if count < 0, errno == ENOTSOCK { count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) } }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
    }
}

/// A point on the monotonic clock by which a session must be over.
private struct Moment {
    private let instant: ContinuousClock.Instant

    init(seconds: Int) {
        instant = .now + .seconds(seconds)
    }

    var isOver: Bool { ContinuousClock.now >= instant }
}
