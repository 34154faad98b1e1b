import Synchronization

/// How many connections may be open; a reload may change it while the socket is served.
final class ConnectionLimit: Sendable {
    private let limit = Mutex(Configuration.AgentSettings().maxConnections)

    var value: Int {
        get { limit.withLock { $0 } }
        set { limit.withLock { $0 = newValue } }
    }
}
