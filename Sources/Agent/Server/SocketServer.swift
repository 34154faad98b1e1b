import CAgent
import Glibc
import Logging
import PosternProtocol
import ServiceLifecycle

/// Accepts the connections to the agent's socket.
///
/// Who connects is checked before a byte is read.
actor SocketServer: Service {
    private let socket: ListeningSocket
    private let agent: Agent
    private let handler: RequestHandler
    private let ready: @Sendable () async -> Void
    private var connections: [ObjectIdentifier: Connection] = [:]
    private var connectionCount = 0
    private var isEnding = false
    private static let acceptsPerTurn = 16

    nonisolated var unownedExecutor: UnownedSerialExecutor { Reactor.shared.asUnownedSerialExecutor() }

    /// - Parameter ready: called once connections are accepted.
    init(_ agent: Agent, on socket: ListeningSocket, ready: @escaping @Sendable () async -> Void) {
        self.socket = socket
        self.agent = agent
        self.ready = ready
        handler = RequestHandler(methods: Methods(agent: agent))
    }

    func run() async throws {
        let listener = socket.descriptor
        guard fcntl(listener, F_SETFL, O_NONBLOCK) == 0, listen(listener, SOMAXCONN) == 0 else {
            throw ListeningSocket.Failure.unusable(
                "the socket takes no connections: \(String(cString: strerror(errno)))")
        }
        accept(from: listener)
        await ready()
        // Cancelled: the agent ends, as after a graceful shutdown.
        try? await gracefulShutdown()
        // The socket is the last service to start and so the first to end.
        ServiceManager.stopping()
        isEnding = true
        Reactor.shared.unwatch(listener)
        close(listener)
        for connection in connections.values { await connection.close() }
        socket.remove()
    }

    private func accept(from listener: CInt) {
        guard !isEnding else { return }
        Reactor.shared.watch(listener, edges: false) { [self] _ in
            assumeIsolated { server in server.acceptSome(from: listener) }
        }
    }

    /// Accepts some, and the rest in the turns after: those that are one too many are closed in between, so that they do not use up the descriptors.
    private func acceptSome(from listener: CInt) {
        for _ in 0..<Self.acceptsPerTurn {
            var peer = postern_peer(process: 0, user: uid_t.max)
            let client = postern_accept(listener, &peer)
            if client >= 0 {
                welcome(client, of: peer)
            } else if errno == EAGAIN {
                return
            } else if errno != EINTR, errno != ECONNABORTED {
                return pause(listener)
            }
        }
    }

    /// Lets a process without file descriptors left try again after a second: until then epoll would tell of the same connection without end.
    private func pause(_ listener: CInt) {
        Reactor.shared.unwatch(listener)
        Task {
            try? await agent.clock.sleep(for: .seconds(1))  // never cancelled
            accept(from: listener)
        }
    }

    private func welcome(_ client: CInt, of peer: postern_peer) {
        guard peer.user == geteuid() else {
            agent.log.warning("Refused a connection of another user.", metadata: ["uid": "\(peer.user)"])
            close(client)
            return
        }
        agent.counters.count(.connections)
        connectionCount += 1
        let connection = Connection(
            client, of: peer.process, number: connectionCount, handler: handler, events: agent.events,
            clock: agent.clock
        ) { [self] in
            let id = ObjectIdentifier($0)
            assumeIsolated { server in server.connections[id] = nil }
        }
        let isFull = connections.count >= agent.connectionLimit.value
        connections[ObjectIdentifier(connection)] = connection
        connection.assumeIsolated { $0.open(isBusy: isFull) }
    }
}
