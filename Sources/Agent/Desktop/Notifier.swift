import Logging
import ServiceLifecycle

/// Shows the person by desktop notifications what profiles need them for (``Notices`` says which), and signs in when that is asked for there.
///
/// It is connected to the bus only while there is something to show. No server, or one that does not answer, costs one log line; the next server is shown
/// what still holds when it comes, and nobody waits for any of this.
actor Notifier: Service {
    private static let patience = Duration.seconds(2)
    private static let startPatience = Duration.seconds(5)

    private let executor = BlockingExecutor(label: "postern.notifier")
    private let board: NoticeBoard
    private let busAddress: String?
    private let clock: any AgentClock
    private let log: Logger
    private var bus: BusConnection?
    private var server: Server?
    private var hasFailed = false

    private struct Server {
        /// Its unique name.
        let name: String
        let capabilities: Set<String>
    }

    /// - Parameter busAddress: nil if there is no session bus, and never will be.
    init(board: NoticeBoard, busAddress: String?, clock: any AgentClock, log: Logger) {
        self.board = board
        self.busAddress = busAddress
        self.clock = clock
        self.log = log
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    nonisolated func run() async throws {
        guard let busAddress else { return try await gracefulShutdown() }
        let ended = Nudge()
        // Not a child task: an agent that ends does not wait for a server that does not answer.
        let work = Task {
            await follow(at: busAddress)
            ended.nudge()
        }
        try? await gracefulShutdown()  // cancelled: the agent ends as well
        work.cancel()
        await ended.sleep(for: Self.patience, on: clock)
    }

    /// Does what is due until the task is cancelled, and closes then what is shown.
    private func follow(at address: String) async {
        while !Task.isCancelled {
            for action in board.withNotices({ [clock] in $0.due(at: clock.now) }) { act(action, at: address) }
            // What came in during the calls shows in no descriptor any more.
            if hear() { continue }
            let (next, isIdle) = board.withNotices { [clock] in ($0.next(at: clock.now), $0.isIdle) }
            if isIdle { disconnect() }
            let pause = next.map { max($0.duration(since: clock.now), .zero) }
            if let bus {
                await bus.awaitArrival(or: board.news, for: pause, on: clock)
            } else {
                await board.news.sleep(for: pause, on: clock)
            }
        }
        for handle in board.withNotices({ $0.handles }) {
            // One that does not answer is not asked for the next, and what it shows is its own affair.
            guard let bus, (try? bus.close(handle, timeout: Self.patience)) != nil else { break }
        }
        disconnect()
    }

    private func act(_ action: Notices.Action, at address: String) {
        switch action {
        case .show(let notification, let topic, let former):
            do throws(BusConnection.CallError) {
                let handle = try show(notification, replacing: former, at: address)
                board.withNotices { $0.shown(topic, as: handle) }
                hasFailed = false
            } catch {
                board.withNotices { $0.notShown(topic) }
                failed(error)
            }
        case .close(let handle):
            // It may have been closed just now.
            _ = try? bus?.close(handle, timeout: Self.patience)
        }
    }

    private func show(
        _ notification: Notice, replacing former: Notices.Handle?, at address: String
    ) throws(BusConnection.CallError) -> Notices.Handle {
        let bus = try connection(to: address)
        let server = try server(on: bus)
        var hasAction = false
        if let signIn = notification.signIn, server.capabilities.contains("actions") {
            hasAction = try bus.hasUnitFile(LoginUnit.file(for: signIn), timeout: Self.patience)
        }
        let number = try bus.show(
            notification, inPlaceOf: former?.server == server.name ? former?.number : nil, hasAction: hasAction,
            on: server.name, with: server.capabilities, timeout: Self.patience)
        return Notices.Handle(server: server.name, number: number)
    }

    /// Whoever shows notifications. D-Bus starts it if need be, by a call of its own: a call that it kept for a server that starts too late would show what
    /// is not known here.
    private func server(on bus: BusConnection) throws(BusConnection.CallError) -> Server {
        var owner = try bus.owner(of: BusConnection.notifications, timeout: Self.patience)
        if owner == nil {
            try bus.startService(BusConnection.notifications, timeout: Self.startPatience)
            owner = try bus.owner(of: BusConnection.notifications, timeout: Self.patience)
        }
        // One that is gone already: that nobody has the name is what the call fails with.
        let name = owner ?? BusConnection.notifications
        if let server, server.name == name { return server }
        let new = Server(name: name, capabilities: try bus.capabilities(ofServer: name, timeout: Self.patience))
        server = new
        return new
    }

    private func connection(to address: String) throws(BusConnection.CallError) -> BusConnection {
        if let bus { return bus }
        let new = try BusConnection(address: address, timeout: Self.patience)
        try new.subscribeToNotifications(timeout: Self.patience)
        bus = new
        // What could not be shown before is shown with what there is now.
        board.withNotices { [clock] in $0.serverCame(at: clock.now) }
        return new
    }

    private func disconnect() {
        bus = nil
        server = nil
    }

    /// Whatever is wrong is said once, until it has worked in between.
    private func failed(_ error: BusConnection.CallError) {
        if error.meansLostBus { lostBus() }
        defer { hasFailed = true }
        guard !hasFailed else { return }
        log.notice(
            "Desktop notifications cannot be shown: \(error.meansTimedOut ? "nobody answered in time" : error.message)")
    }

    private func lostBus() {
        disconnect()
        board.withNotices { $0.serverLeft(nil) }
    }

    /// Acts upon all that has arrived.
    ///
    /// - Returns: whether there was anything.
    private func hear() -> Bool {
        guard let bus else { return false }
        var hasHeard = false
        do throws(BusConnection.CallError) {
            while let signal = try bus.nextSignal() {
                hasHeard = true
                // One whose contents are others than the specification's says nothing.
                try? take(signal, from: bus)
            }
        } catch {
            lostBus()
            return true
        }
        return hasHeard
    }

    private func take(_ signal: BusConnection.Signal, from bus: BusConnection) throws(BusConnection.CallError) {
        if signal.sender == "org.freedesktop.DBus", signal.member == "NameOwnerChanged" {
            guard try signal.body.string() == BusConnection.notifications else { return }
            let (old, new) = (try signal.body.string(), try signal.body.string())
            board.withNotices { [clock] notices in
                if !old.isEmpty { notices.serverLeft(old) }
                if !new.isEmpty { notices.serverCame(at: clock.now) }
            }
            return
        }
        guard signal.interface == BusConnection.notifications else { return }
        // Anybody may send signals to this connection: those of others than who shows it find no notification.
        let handle = Notices.Handle(server: signal.sender, number: try signal.body.uint32())
        switch signal.member {
        case "NotificationClosed":
            let dismissed: UInt32 = 2
            let reason = try signal.body.uint32()
            board.withNotices { $0.closed(handle, isDismissal: reason == dismissed) }
        case "ActionInvoked":
            guard try signal.body.string() == BusConnection.signInAction,
                let signIn = board.withNotices({ $0.signIn(of: handle) })
            else { return }
            start(LoginUnit.name(for: signIn), by: bus)
        default: break
        }
    }

    private func start(_ unit: String, by bus: BusConnection) {
        do {
            try bus.startUnit(unit, timeout: Self.patience)
            log.info("\(unit) was started from a notification.")
        } catch {
            log.warning("\(unit) could not be started from a notification: \(error.message)")
        }
    }
}

extension Agent {
    /// Shows the person what they are needed for, for as long as the agent runs.
    func notifier(_ environment: [String: String]) -> some Service {
        Notifier(
            board: parts.notices, busAddress: BusConnection.sessionBusAddress(in: environment), clock: clock, log: log)
    }
}
