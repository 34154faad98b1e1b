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
    ///   - latest: the latest start, in clock ticks since the machine's, of a process that can be meant.
    ///   - status: what the kernel tells of a process; nil if it tells nothing, be it because there is none or because it hides it.
    /// - Returns: nil if the process has no terminal, or anything changed meanwhile.
    init?(of process: pid_t, startedBy latest: UInt64 = .max, _ status: (pid_t) -> ProcessStatus?) {
        guard process > 0, let before = status(process), before.terminal != 0, before.session > 0,
            let leader = status(before.session), leader.session == before.session, leader.terminal == before.terminal,
            // A number that was given to another process meanwhile belongs to a younger one.
            leader.start <= before.start, before.start <= latest, status(process) == before
        else { return nil }
        self.init(leader: before.session, leaderStart: leader.start, terminal: before.terminal)
    }

    /// The session of the process that connected a socket, if the kernel can say that it lives still: it names the process by a descriptor that never
    /// means another one (SO_PEERPIDFD, Linux 6.5; pidfd_open(2)).
    ///
    /// - Parameter process: by the socket's credentials.
    ///
    /// - Parameter accepted: when the connection was accepted, clock ticks since the machine's start. An older kernel has the number alone, which may be
    ///   another process's by now: of one that began later, while a child of the first holds the connection.
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
        // A kernel that has such descriptors and none for this process says that the process is gone.
        guard errno == ENOPROTOOPT,
            let session = TerminalSession(of: process, startedBy: accepted, ProcessStatus.init(of:)),
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
