import CLinux
import Glibc
import OutsideInput

/// What is to be called at a time, on the clock that counts suspend (clock_gettime(2), CLOCK_BOOTTIME): a time that passes during suspend is met at resume.
final class TimerQueue {
    final class Timer: Sendable {
        /// Nanoseconds since the machine was started.
        let deadline: Int64

        init(deadline: Int64) {
            self.deadline = deadline
        }

        convenience init(after duration: Duration) {
            // Thirty years at most, so that the sum is an integer.
            let nanoseconds = Bounded.whole(duration / .nanoseconds(1), in: 0...1_000_000_000_000_000_000) ?? 0
            self.init(deadline: TimerQueue.now + Int64(nanoseconds))
        }
    }

    /// Readable when the first time has come (timerfd_create(2)).
    let descriptor = timerfd_create(CLOCK_BOOTTIME, CInt(TFD_CLOEXEC) | CInt(TFD_NONBLOCK))
    /// The last is due first. Adding one moves those that are due before it: a matter of microseconds for thousands.
    private var entries: [(timer: Timer, call: @Sendable () -> Void)] = []
    /// What the descriptor is set to.
    private var armed: Int64?

    func add(_ timer: Timer, _ call: @escaping @Sendable () -> Void) {
        entries.insert((timer, call), at: place(of: timer))
    }

    func remove(_ timer: Timer) {
        var index = place(of: timer)
        while index < entries.count, entries[index].timer !== timer { index += 1 }
        // It is not there any more if its time has come.
        if index < entries.count { entries.remove(at: index) }
    }

    /// Takes out those whose time has come, the earliest first.
    func takeDue() -> [@Sendable () -> Void] {
        var expirations: UInt64 = 0
        read(descriptor, &expirations, MemoryLayout.size(ofValue: expirations))
        armed = nil
        let now = Self.now
        let due = entries.reversed().prefix { $0.timer.deadline <= now }.map(\.call)
        entries.removeLast(due.count)
        return due
    }

    /// Has the descriptor tell of the first time.
    func arm() {
        let first = entries.last?.timer.deadline
        guard first != armed else { return }
        armed = first
        // All zero disarms it.
        var time = itimerspec()
        time.it_value.tv_sec = Int((first ?? 0) / 1_000_000_000)
        time.it_value.tv_nsec = Int((first ?? 0) % 1_000_000_000)
        timerfd_settime(descriptor, CInt(TFD_TIMER_ABSTIME), &time, nil)
    }

    /// Before those that are due earlier, after those that are due later.
    private func place(of timer: Timer) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].timer.deadline > timer.deadline { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Nanoseconds since the machine was started, suspend included.
    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
