import CLinux
import Glibc

/// The jobs that wait for a time, on the clock that counts suspend (clock_gettime(2), CLOCK_BOOTTIME): a time that passes during suspend is met at resume.
final class TimerQueue {
    /// Readable when the first time has come (timerfd_create(2)).
    let descriptor = timerfd_create(CLOCK_BOOTTIME, CInt(TFD_CLOEXEC) | CInt(TFD_NONBLOCK))
    /// The last is due first. Adding one moves those before it, which is a matter of a microsecond for thousands.
    private var entries: [(deadline: Int64, job: UnownedJob)] = []
    private var armed = Int64.max

    /// Nanoseconds since the machine was started, suspend included.
    static var now: Int64 { time(CLOCK_BOOTTIME) }

    /// Nanoseconds that the machine has been awake since it was started.
    static var awake: Int64 { time(CLOCK_MONOTONIC) }

    func add(_ job: UnownedJob, at deadline: Int64) {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].deadline > deadline { low = middle + 1 } else { high = middle }
        }
        entries.insert((deadline, job), at: low)
    }

    /// Those whose time has come, the earliest first.
    func takeDue() -> [UnownedJob] {
        armed = .max
        var expirations: UInt64 = 0
        read(descriptor, &expirations, MemoryLayout.size(ofValue: expirations))
        let now = Self.now
        var due: [UnownedJob] = []
        while let next = entries.last, next.deadline <= now {
            due.append(next.job)
            entries.removeLast()
        }
        return due
    }

    /// Sets the timer to the first time.
    func arm() {
        guard let first = entries.last?.deadline, first < armed else { return }
        armed = first
        var time = itimerspec()
        // A time of zero would disarm it.
        let deadline = max(first, 1)
        time.it_value.tv_sec = Int(deadline / 1_000_000_000)
        time.it_value.tv_nsec = Int(deadline % 1_000_000_000)
        timerfd_settime(descriptor, CInt(TFD_TIMER_ABSTIME), &time, nil)
    }

    private static func time(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
