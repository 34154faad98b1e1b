import Glibc
import Testing

@testable import Agent

/// A name of its own, because the tenant has connections as well.
typealias ServedConnection = Connection

extension AgentFixture {
    /// A connection that has not been opened, and the client's end of it. Only the served end does not block.
    func connect(number: Int = 1) throws -> (connection: Connection, end: CInt) {
        var ends: [CInt] = [-1, -1]
        let kind = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
        try #require(socketpair(AF_UNIX, kind, 0, &ends) == 0)
        try #require(fcntl(ends[1], F_SETFL, 0) == 0)
        let connection = Connection(
            ends[0], of: getpid(), number: number, handler: RequestHandler(methods: Methods(agent: agent)),
            events: agent.events, clock: clock, closed: { _ in })
        return (connection, ends[1])
    }
}
