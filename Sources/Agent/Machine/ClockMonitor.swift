import CLinux
import Glibc
import Logging
import ServiceLifecycle

/// Notices that the wall clock was set: a timer that never expires is cancelled then (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET). The kernel does the
/// same when the machine resumes from suspend. Until then nothing wakes up.
struct ClockMonitor: Service {
    let log: Logger
    let changed: @Sendable (MachineChange) async -> Void

    func run() async throws {
        let timer = timerfd_create(CLOCK_REALTIME, CInt(TFD_NONBLOCK) | CInt(TFD_CLOEXEC))
        guard timer >= 0 else {
            log.warning("The agent will not hear of a clock that is set: \(String(cString: strerror(errno))).")
            return try await gracefulShutdown()
        }
        defer { close(timer) }
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                // A clock that was set since the last look shows in arming the timer, and then not in reading it.
                if Self.arm(timer) {
                    await Reactor.shared.arrival(on: timer)
                    guard Self.wasCancelled(timer) else { continue }
                }
                await changed(.clockSet)
            }
        }
    }

    /// - Returns: false if the clock was set since the timer was last armed; it is armed all the same (timerfd_create(2), "BUGS").
    private static func arm(_ timer: CInt) -> Bool {
        var never = itimerspec()
        never.it_value.tv_sec = .max
        return timerfd_settime(timer, CInt(TFD_TIMER_ABSTIME) | CInt(TFD_TIMER_CANCEL_ON_SET), &never, nil) == 0
            || errno != ECANCELED
    }

    private static func wasCancelled(_ timer: CInt) -> Bool {
        var expirations: UInt64 = 0
        return read(timer, &expirations, MemoryLayout.size(ofValue: expirations)) < 0 && errno == ECANCELED
    }
}
