import Glibc
import Logging
import NIOCore
import NIOPosix
import PosternProtocol
import ServiceLifecycle

/// Serves the agent's socket: one JSON value a line in, one a line out. The only file that knows NIO's channels.
///
/// Who connects is checked before a byte is read. A connection has bounds of its own (line length, time to finish a line, requests at work, answers not
/// read), so that no client can delay another.
struct SocketServer: Service {
    private let socket: ListeningSocket
    private let handler: RequestHandler
    private let limit: ConnectionLimit
    private let group: any EventLoopGroup
    private let counters: Counters
    private let events: EventHub
    private let log: Logger
    private let ready: @Sendable () async -> Void

    /// - Parameter ready: called once connections are accepted.
    init(
        _ agent: Agent, on socket: ListeningSocket, group: any EventLoopGroup,
        ready: @escaping @Sendable () async -> Void
    ) {
        self.socket = socket
        self.group = group
        self.ready = ready
        handler = RequestHandler(methods: Methods(agent: agent))
        limit = agent.connectionLimit
        counters = agent.counters
        events = agent.events
        log = agent.log
    }

    func run() async throws {
        // All channels share one event loop, so what they share needs no lock.
        let eventLoop = group.next()
        let connections = NIOLoopBoundBox.makeBoxSendingValue(
            Connections(limit: limit), eventLoop: eventLoop)
        let server = try await ServerBootstrap(group: eventLoop)
            .serverChannelOption(.backlog, value: 128)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptPause())
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 1 << 18, high: Connection.unreadAnswersLimit))
            .childChannelInitializer { [handler, counters, events, log] channel in
                Self.peer(of: channel).flatMapThrowing { peer in
                    guard peer.uid == geteuid() else {
                        log.warning("Refused a connection of another user.", metadata: ["uid": "\(peer.uid)"])
                        throw ForeignPeer()
                    }
                    counters.count(.connections)
                    try channel.pipeline.syncOperations.addHandler(
                        Connection(handler: handler, connections: connections.value, events: events))
                }
            }
            .withBoundSocket(socket.descriptor).get()
        await ready()
        await withGracefulShutdownHandler {
            // Never fails: the future of a channel's end is fulfilled whatever ended it.
            try? await server.closeFuture.get()
        } onGracefulShutdown: {
            // The socket is the last service to start and so the first to end.
            ServiceManager.stopping()
            server.close(promise: nil as EventLoopPromise<Void>?)
        }
        await withCheckedContinuation { continuation in
            eventLoop.execute {
                connections.value.closeAll()
                continuation.resume()
            }
        }
        socket.remove()
    }

    /// Returns when the event loop, which does all the reading and writing, has come round to it.
    func turn() async {
        await withCheckedContinuation { continuation in
            group.next().execute { continuation.resume() }
        }
    }

    private struct ForeignPeer: Error {}

    /// `struct ucred` of <sys/socket.h>, which glibc declares for _GNU_SOURCE alone.
    private struct PeerCredentials {
        var pid: pid_t
        var uid: uid_t
        var gid: gid_t
    }

    /// The kernel's word on who connected (unix(7), SO_PEERCRED).
    private static func peer(of channel: any Channel) -> EventLoopFuture<PeerCredentials> {
        guard let channel = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeFailedFuture(ForeignPeer())
        }
        return channel.unsafeGetSocketOption(level: .socket, name: .init(rawValue: SO_PEERCRED))
    }
}

/// Lets a process without file descriptors left try again to accept after a second.
///
/// NIO's own `AcceptBackoffHandler` holds back the next wish to read, but the unfulfilled one stays registered with epoll, which tells of it without end.
private final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    private static let exhaustion = [EMFILE, ENFILE, ENOBUFS, ENOMEM]

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError, Self.exhaustion.contains(error.errnoCode) else {
            return context.fireErrorCaught(error)
        }
        let channel = context.channel
        // The channel may have been closed meanwhile; then there is nothing to accept.
        channel.setOption(.autoRead, value: false).whenSuccess {
            channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.setOption(.autoRead, value: true) }
        }
    }
}

/// The connections that are open; confined to their event loop.
final class Connections {
    private let limit: ConnectionLimit
    private var open: [ObjectIdentifier: any Channel] = [:]

    init(limit: ConnectionLimit) {
        self.limit = limit
    }

    var isFull: Bool { open.count >= limit.value }

    func insert(_ channel: any Channel) {
        open[ObjectIdentifier(channel)] = channel
    }

    func remove(_ channel: any Channel) {
        open[ObjectIdentifier(channel)] = nil
    }

    func closeAll() {
        for channel in open.values {
            channel.close(promise: nil)
        }
    }
}

/// One client. Lines are answered as they are done, in any order.
final class Connection: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    /// Lines worked on at once; more wait until one is answered, and nothing is read meanwhile.
    static let atWorkLimit = 128
    /// Bytes of answers that a client may leave unread before nothing more is read from it.
    static let unreadAnswersLimit = 1 << 20
    /// A line that has begun must end within this time.
    static let lineDeadline = TimeAmount.seconds(10)

    private let handler: RequestHandler
    private let connections: Connections
    private let events: EventHub
    private var caller: Subscriber?
    private var splitter = LineSplitter()
    private var atWork: [Int: Task<Void, Never>] = [:]
    private var count = 0
    private var waiting: CircularBuffer<[UInt8]> = []
    private var lineTimer: Scheduled<Void>?
    private var wantsRead = false
    private var isEnding = false

    init(handler: RequestHandler, connections: Connections, events: EventHub) {
        self.handler = handler
        self.connections = connections
        self.events = events
    }

    func channelActive(context: ChannelHandlerContext) {
        guard !connections.isFull else {
            end(context, saying: AgentError(.busy, "Too many connections are open."))
            return
        }
        connections.insert(context.channel)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        lineTimer?.cancel()
        // Nobody is left to be answered. A refresh that was waited for goes on.
        for task in atWork.values {
            task.cancel()
        }
        connections.remove(context.channel)
        if let caller { events.remove(caller) }
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isEnding else { return }
        let elements = splitter.feed(unwrapInboundIn(data).readableBytesView)
        take(elements, context)
        if !splitter.hasPartialLine || !elements.isEmpty {
            // Each line has its time from its own beginning.
            lineTimer?.cancel()
            lineTimer = nil
        }
        if splitter.hasPartialLine, !isEnding, lineTimer == nil {
            let context = NIOLoopBound(context, eventLoop: context.eventLoop)
            let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
            lineTimer = context.value.eventLoop.scheduleTask(in: Self.lineDeadline) {
                connection.value.lineIsLate(context.value)
            }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case ChannelEvent.inputClosed? = event as? ChannelEvent else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        lineTimer?.cancel()
        if !isEnding { take(splitter.finish(), context) }
        isEnding = true
        closeIfDone(context)
    }

    func read(context: ChannelHandlerContext) {
        // A client that does not read its answers, or asks faster than it can be answered, is slowed down.
        if atWork.count < Self.atWorkLimit, context.channel.isWritable {
            context.read()
        } else {
            wantsRead = true
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        readIfWanted(context)
        context.fireChannelWritabilityChanged()
    }

    private func readIfWanted(_ context: ChannelHandlerContext) {
        guard wantsRead else { return }
        wantsRead = false
        read(context: context)
    }

    private func lineIsLate(_ context: ChannelHandlerContext) {
        lineTimer = nil
        // The rest of the line may be there and only not read yet.
        guard !wantsRead else { return }
        end(context, saying: AgentError(.invalidRequest, "A line was not finished within 10 seconds."))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func take(_ elements: [LineSplitter.Element], _ context: ChannelHandlerContext) {
        for element in elements {
            switch element {
            case .line(let line) where atWork.count < Self.atWorkLimit:
                answer(line, context)
            case .line(let line):
                waiting.append(line)
            case .tooLong:
                end(context, saying: AgentError(.invalidRequest, "A line is longer than \(LineSplitter.limit) bytes."))
            }
        }
    }

    private func answer(_ line: [UInt8], _ context: ChannelHandlerContext) {
        count += 1
        let number = count
        let promise = context.eventLoop.makePromise(of: [UInt8]?.self)
        let caller = caller(context)
        atWork[number] = promise.completeWithTask { [handler] in await handler.answer(line, caller: caller) }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        promise.futureResult.whenSuccess { answer in
            let (connection, context) = bound.value
            connection.atWork[number] = nil
            if let next = connection.waiting.popFirst() { connection.answer(next, context) }
            connection.write(answer, context)
        }
    }

    /// This connection as one that events can be sent over.
    private func caller(_ context: ChannelHandlerContext) -> Subscriber {
        if let caller { return caller }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let caller = Subscriber { [eventLoop = context.eventLoop] line in
            eventLoop.execute {
                let (connection, context) = bound.value
                connection.send(event: line, context)
            }
        }
        self.caller = caller
        return caller
    }

    /// A subscriber who has left so much unread would miss events without knowing; it loses the connection instead.
    private func send(event line: [UInt8], _ context: ChannelHandlerContext) {
        guard context.channel.isWritable else { return context.close(promise: nil) }
        write(line, context)
    }

    private func write(_ answer: [UInt8]?, _ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        if let answer {
            var buffer = context.channel.allocator.buffer(capacity: answer.count + 1)
            buffer.writeBytes(answer)
            buffer.writeInteger(UInt8(ascii: "\n"))
            context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        }
        readIfWanted(context)
        closeIfDone(context)
    }

    /// Says what is wrong with the connection itself, and ends it after what is still being worked on.
    private func end(_ context: ChannelHandlerContext, saying error: AgentError) {
        guard !isEnding else { return }
        isEnding = true
        write(RequestHandler.complaint(error), context)
    }

    private func closeIfDone(_ context: ChannelHandlerContext) {
        guard isEnding, atWork.isEmpty, waiting.isEmpty, context.channel.isActive else { return }
        // An empty write is flushed after all others, so everything said before has left.
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.value.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in context.value.close(promise: nil)
        }
    }
}
