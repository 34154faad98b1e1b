import CAgent
import CCrash
import CLinux
import Glibc
import Synchronization

/// The agent's thread: it waits for descriptors, timers and tasks at once and does what has become due (epoll(7)).
///
/// A cached token is read, looked up and written here without being handed to another thread, which would take longer than all the rest. What may block
/// has a ``BlockingExecutor`` of its own.
package final class Reactor: SerialExecutor {
    /// The only one. Actors that belong to it name it as their executor.
    package static let shared = Reactor()

    /// What has happened to a descriptor.
    struct Readiness: OptionSet {
        var rawValue: UInt32

        static let readable = Readiness(rawValue: EPOLLIN.rawValue)
        static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
        /// The other end sends no more; what it has sent can still be read.
        static let ended = Readiness(rawValue: EPOLLRDHUP.rawValue)
        /// Nobody is left at the other end.
        static let hungUp = Readiness(rawValue: EPOLLHUP.rawValue | EPOLLERR.rawValue)
    }

    typealias Handler = @Sendable (Readiness) -> Void

    private enum Work {
        case job(UnownedJob)
        case call(@Sendable () -> Void)
    }

    /// Calls that wait for it.
    private struct NextTurn {
        /// Those that waited for room to do something long.
        var first: [@Sendable () -> Void] = []
        var then: [@Sendable () -> Void] = []

        var isEmpty: Bool { first.isEmpty && then.isEmpty }
    }

    /// What belongs to the thread.
    private final class Own {
        let timers = TimerQueue()
        let readBuffer = UnsafeMutableRawPointer.allocate(byteCount: Reactor.readSize, alignment: 1)
        var work: [Work] = []
        var atEndOfTurn: [@Sendable () -> Void] = []
        var nextTurn = NextTurn()
        var turn = 0
        /// The last turn in which something long was done.
        var longTurn = -1
        var handlers: [CInt: Handler] = [:]
        /// Pieces of work since memory was last given back.
        var workSinceTidy = 0
    }

    private let epoll = epoll_create1(CInt(EPOLL_CLOEXEC))
    /// Ends the wait when another thread has put something into the inbox.
    private let bell = eventfd(0, CInt(EFD_CLOEXEC) | CInt(EFD_NONBLOCK))
    private let inbox = Mutex<[Work]>([])
    /// Set for the thread, and for no other.
    private let mark: pthread_key_t

    // Unsafe, because the compiler cannot see that the thread alone touches it: the thread is the executor, and no actor could protect what its executor
    // needs to run it.
    nonisolated(unsafe) private let own = Own()

    private static let batchesPerTurn = 64
    private static let tidyAfter = 1000
    /// Nothing must have happened for this long, milliseconds.
    private static let tidyPause: CInt = 1000

    private init() {
        var mark = pthread_key_t()
        pthread_key_create(&mark, nil)
        self.mark = mark
        var thread = pthread_t()
        let failure = pthread_create(&thread, nil, { _ in Reactor.shared.run() }, nil)
        precondition(failure == 0 && epoll >= 0 && bell >= 0, "The agent's thread cannot be started.")
    }

    /// For the thread alone.
    var timers: TimerQueue { own.timers }

    /// For the thread alone: where read(2) puts at most ``readSize`` bytes, which are then copied elsewhere. Whoever uses it wipes it.
    var readBuffer: UnsafeMutableRawPointer { own.readBuffer }

    static let readSize = 16_384

    private var isCurrent: Bool { pthread_getspecific(mark) != nil }
}

// MARK: - For any thread

extension Reactor {
    package func enqueue(_ job: consuming ExecutorJob) {
        enqueue(.job(UnownedJob(job)))
    }

    /// Has the thread do something.
    func execute(_ call: @escaping @Sendable () -> Void) {
        enqueue(.call(call))
    }

    package func checkIsolated() {
        precondition(isCurrent, "This is for the agent's thread alone.")
    }

    package func isIsolatingCurrentContext() -> Bool? { isCurrent }

    private func enqueue(_ item: Work) {
        guard !isCurrent else { return own.work.append(item) }
        let isFirst = inbox.withLock { inbox in
            inbox.append(item)
            return inbox.count == 1
        }
        if isFirst { eventfd_write(bell, 1) }
    }
}

// MARK: - For all tasks

extension Reactor {
    /// Has the tasks of this process run here, except where an actor has an executor of its own. To be called before there are any.
    package static func takeOverTasks() {
        postern_take_over_tasks { job in
            // A job as the runtime hands it over; an `UnownedJob` is nothing but its address.
            Reactor.shared.enqueue(.job(unsafeBitCast(job, to: UnownedJob.self)))
        }
    }
}

// MARK: - For the thread itself

extension Reactor {
    /// Has the handler called whenever something happens to the descriptor, until ``unwatch(_:)``.
    ///
    /// - Parameter edges: the handler is called when something has arrived (EPOLLET), otherwise for as long as there is something to read.
    func watch(_ descriptor: CInt, edges: Bool, _ handler: @escaping Handler) {
        own.handlers[descriptor] = handler
        control(EPOLL_CTL_ADD, descriptor, edges ? Self.edges : EPOLLIN.rawValue)
    }

    /// Has the handler of a descriptor that is watched for edges called again if there is something to read now, and from now on when it can be written
    /// to, or no more. Always to be told of room would be a wake-up for each answer that a client reads.
    func rearm(_ descriptor: CInt, forRoom: Bool) {
        control(EPOLL_CTL_MOD, descriptor, Self.edges | (forRoom ? EPOLLOUT.rawValue : 0))
    }

    private static let edges = EPOLLIN.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue

    private func control(_ operation: CInt, _ descriptor: CInt, _ events: UInt32) {
        var event = epoll_event()
        event.events = events
        event.data.fd = descriptor
        epoll_ctl(epoll, operation, descriptor, &event)
    }

    /// To be called before the descriptor is closed, and that by its own handler, or else between turns: a new descriptor of the same number would get what was
    /// told of the old one in this turn.
    func unwatch(_ descriptor: CInt) {
        own.handlers[descriptor] = nil
        epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, nil)
    }

    /// Which turn this is: in each the thread looks at the descriptors once, and does what has come of it.
    var turnNumber: Int { own.turn }

    /// Calls once in the next turn, after what the descriptors bring in it. It is how what has much to do lets others have their turn.
    ///
    /// - Parameter first: before all who do not say so.
    func callInNextTurn(first: Bool = false, _ call: @escaping @Sendable () -> Void) {
        if first { own.nextTurn.first.append(call) } else { own.nextTurn.then.append(call) }
    }

    /// Whether something that takes as long as hundreds of requests may be done now: one thing in a turn may.
    func takeLongTurn() -> Bool {
        // Those who wait for it come before what a descriptor has just brought.
        guard own.longTurn != own.turn, own.nextTurn.first.isEmpty else { return false }
        own.longTurn = own.turn
        return true
    }

    /// Calls once before the thread waits again, so that what many things of one turn need is done once.
    func callAtEndOfTurn(_ call: @escaping @Sendable () -> Void) {
        own.atEndOfTurn.append(call)
    }

    private func run() -> Never {
        postern_report_stack_overflow()
        // The watchdog's signal finds a process that was stopped, and has it go on: any other thread would take it while this one accepts clients that
        // nobody answers any more.
        postern_take_sent_crashes(1)
        // What a burst has needed is given back by tidying, a second after it; in between it would be faulted in anew in each turn (mallopt(3)).
        mallopt(M_TRIM_THRESHOLD, 16 << 20)
        mallopt(M_MMAP_THRESHOLD, 1 << 20)
        pthread_setspecific(mark, UnsafeRawPointer(bitPattern: 1))
        watch(bell, edges: false) { [bell] _ in
            var count: eventfd_t = 0
            eventfd_read(bell, &count)
        }
        watch(timers.descriptor, edges: false) { [self] _ in
            for call in timers.takeDue() { call() }
        }
        var events = [epoll_event](repeating: epoll_event(), count: 256)
        while true {
            doWork()
            timers.arm()
            let isIdle = own.work.isEmpty && own.atEndOfTurn.isEmpty && own.nextTurn.isEmpty
            let patience: CInt = !isIdle ? 0 : own.workSinceTidy < Self.tidyAfter ? -1 : Self.tidyPause
            let count = epoll_wait(epoll, &events, CInt(events.count), patience)
            own.turn += 1
            if count == 0, isIdle { tidyUp() }
            for event in events.prefix(Int(max(count, 0))) {
                // Without a handler: an event of this turn has had it removed.
                own.handlers[event.data.fd]?(Readiness(rawValue: event.events))
            }
            callThoseWaiting()
        }
    }

    private func callThoseWaiting() {
        guard !own.nextTurn.isEmpty else { return }
        var calls = NextTurn()
        swap(&calls, &own.nextTurn)
        for call in calls.first { call() }
        for call in calls.then { call() }
    }

    /// Gives memory back that much work at once has needed: glibc by itself keeps for good what lies below anything that is still in use.
    private func tidyUp() {
        malloc_trim(0)
        own.workSinceTidy = 0
    }

    /// Does what there is to do and what comes of that: as a rule all of it, but never so much that the descriptors would not be looked at.
    private func doWork() {
        for _ in 0..<Self.batchesPerTurn {
            inbox.withLock { inbox in
                own.work += inbox
                inbox.removeAll(keepingCapacity: true)
            }
            guard !own.work.isEmpty else { break }
            var batch: [Work] = []
            swap(&batch, &own.work)
            own.workSinceTidy += batch.count
            for item in batch {
                switch item {
                case .job(let job): job.runSynchronously(on: asUnownedSerialExecutor())
                case .call(let call): call()
                }
            }
        }
        var calls: [@Sendable () -> Void] = []
        swap(&calls, &own.atEndOfTurn)
        for call in calls { call() }
    }
}
