import CAgent
import Glibc

/// Who makes a request, as far as a method needs to know.
struct Caller: Sendable {
    /// The process that connected, by the kernel's word when it did (unix(7), SO_PEERCRED); nil if it is of a PID namespace that cannot be seen.
    let pid: pid_t?
    /// To whom events can be sent.
    let subscriber: Subscriber
    /// The other end of the connection. Looked up when a method first asks for it: what scripts ask for all the time does not.
    let peer: @Sendable () async -> Peer
}

/// The other end of a connection.
struct Peer: Equatable, Sendable {
    /// Which connection; no two of a process have the same number.
    let connection: Int
    /// As in ``Caller/pid``: to be shown, and not to be trusted later, when the number may be another process's.
    let pid: pid_t?
    /// The terminal session of the process; nil if it has none, or if that is not certain.
    let terminal: TerminalSession?

    /// Whether what one of them proved to be allowed may serve the other: the same connection, or the same terminal session.
    func isServed(byProofOf other: Peer) -> Bool {
        connection == other.connection || terminal != nil && terminal == other.terminal
    }
}
