extension Connection {
    /// Requests worked on at once. A line is begun where a whole batch has room, so at least half as many are.
    static let atWorkLimit = 2 * RequestHandler.batchLimit
    /// Of these, who wait for a login.
    static let loginWaitLimit = 8
    /// Bytes that requests at work, and answers that wait for the rest of their batch, may hold before nothing more is begun.
    static let bytesAtWorkLimit = 256 * 1024
    /// Bytes of answers that a client may leave unread before nothing more is begun.
    static let unreadLimit = 256 * 1024
    /// Bytes that a subscriber may leave unread before it loses the connection.
    static let unreadEventsLimit = 1 << 20
    /// A line that is longer takes so long to read that one is begun in a turn, of all connections.
    static let longLine = 16 * 1024
    /// What waits to be sent and is more takes the kernel so long to copy that it is sent in a turn, of all connections, that nothing else long has.
    static let longWrite = 64 * 1024
    static let turnsHeldLimit = 16
    /// A line that has begun must end within this time.
    static let lineDeadline = Duration.seconds(10)
}
