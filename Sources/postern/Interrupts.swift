import CSignalfd
import Glibc

/// Ctrl-C and the other requests to stop, received as data while this exists instead of ending the process at once: a
/// login is to be cancelled and the terminal put back first.
///
/// signalfd(2) rather than a handler: a handler could do neither of the two safely (signal-safety(7)).
final class Interrupts {
    let descriptor: CInt
    private var previousMask = sigset_t()

    init() throws(SystemError) {
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            sigaddset(&signals, signal)
        }
        sigprocmask(SIG_BLOCK, &signals, &previousMask)
        descriptor = signalfd(-1, &signals, CInt(SFD_CLOEXEC | SFD_NONBLOCK))
        guard descriptor >= 0 else { throw .last }
    }

    deinit {
        close(descriptor)
        sigprocmask(SIG_SETMASK, &previousMask, nil)
    }

    /// The signal that has arrived, if one has.
    func next() -> Interruption? {
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        guard read(descriptor, &info, size) == size else { return nil }
        return Interruption(signal: CInt(info.ssi_signo))
    }
}

/// A signal asked the command to stop.
struct Interruption: Error, Equatable {
    let signal: CInt

    /// As a shell reports it: 130 for Ctrl-C.
    var exitStatus: Int32 { 128 + signal }
}
