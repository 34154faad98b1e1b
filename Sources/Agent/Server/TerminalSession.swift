import CAgent
import Glibc

/// The processes at one terminal between a login, or the opening of a window, and its end: what sudo's tickets are bound to (sudoers(5),
/// timestamp_type `tty`).
struct TerminalSession: Equatable, Sendable {
    /// The process that began it (setsid(2)).
    let leader: pid_t
    /// When that was started, clock ticks since the machine's start: no later process has both in common with it.
    let leaderStart: UInt64
    /// The terminal's device number.
    let terminal: Int
}

extension TerminalSession {
    /// The session of a process that is known to live from before this call to after it.
    ///
    /// - Parameters:
    ///   - latest: when the process must have been there, clock ticks since the machine's start.
    ///   - status: what the kernel tells of a process; nil if it tells nothing, be it because there is none or because it hides it.
    /// - Returns: nil if the process has no terminal, or anything changed meanwhile.
    init?(of process: pid_t, startedBy latest: UInt64 = .max, _ status: (pid_t) -> ProcessStatus?) {
        guard process > 0, let before = status(process), before.terminal != 0, before.session > 0,
            before.start <= latest,
            let leader = status(before.session), leader.session == before.session, leader.terminal == before.terminal,
            // A number that was given to another process meanwhile belongs to a younger one.
            leader.start <= before.start, status(process) == before
        else { return nil }
        self.init(leader: before.session, leaderStart: leader.start, terminal: before.terminal)
    }

    /// The session of the process that connected a socket, if the kernel can say that it lives still: it names the process by a descriptor that never
    /// means another one (SO_PEERPIDFD, Linux 6.5; pidfd_open(2)).
    ///
    /// - Parameters:
    ///   - process: by the socket's credentials.
    ///   - accepted: when the connection was accepted (``ProcessStatus/ticks``).
    init?(ofPeer process: pid_t, at socket: CInt, accepted: UInt64) {
        let descriptor = postern_peer_process(socket)
        if descriptor >= 0 {
            defer { close(descriptor) }
            guard let session = TerminalSession(of: process, ProcessStatus.init(of:)), Self.lives(descriptor) else {
                return nil
            }
            self = session
            return
        }
        // An older kernel: what has ended has closed its end of the connection, as long as no child of it holds that as well. A process that has its
        // number now was started after it connected.
        guard let session = TerminalSession(of: process, startedBy: accepted, ProcessStatus.init(of:)),
            Self.isConnected(socket)
        else { return nil }
        self = session
    }

    /// A process's descriptor can be read from once it has ended (pidfd_open(2)).
    private static func lives(_ descriptor: CInt) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) == 0
    }

    private static func isConnected(_ socket: CInt) -> Bool {
        var entry = pollfd(fd: socket, events: 0, revents: 0)
        return poll(&entry, 1, 0) == 0
    }
}
