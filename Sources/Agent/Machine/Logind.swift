import CSystemd
import Glibc

/// A connection to the login manager: what it is asked, and what it tells (org.freedesktop.login1(5)). Its calls block.
final class Logind {
    private static let name = "org.freedesktop.login1"
    private static let path = "/org/freedesktop/login1"
    private static let interfaces = "org.freedesktop.login1"

    /// Signals that are read in one go: every user of the machine may send some, faster than they are read.
    private static let newsLimit = 1000

    private let bus: BusConnection
    private let patience: Duration
    /// It does not answer what it is asked of sessions, and is not asked again with each news.
    private(set) var isMute = false
    private var hasAnswered = false

    /// Connects, and subscribes to all that may tell of a change.
    init(busAddress: String, patience: Duration) throws(BusConnection.CallError) {
        self.patience = patience
        bus = try BusConnection(address: busAddress, timeout: patience)
        let signal = "type='signal',sender='\(Self.name)'"
        for rule in [
            "\(signal),path='\(Self.path)',interface='\(Self.interfaces).Manager'",
            "\(signal),interface='\(Self.interfaces).Session'",
            "\(signal),interface='org.freedesktop.DBus.Properties',arg0='\(Self.interfaces).Session'",
            "\(signal),interface='org.freedesktop.DBus.Properties',arg0='\(Self.interfaces).User'",
            "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='\(Self.name)'",
        ] {
            try bus.subscribe(to: rule, timeout: patience)
        }
    }

    /// A session is asked to lock its screen, or to unlock it (`loginctl lock-session`).
    struct Wish {
        /// The session's object.
        let path: String
        let isLock: Bool
    }

    /// Reads what has arrived, up to a limit.
    ///
    /// - Returns: nil if nothing has; else those wishes that the login manager itself has sent.
    func news() throws(BusConnection.CallError) -> [Wish]? {
        var wishes: [(Wish, sender: String)] = []
        var count = 0
        while count < Self.newsLimit, let signal = try bus.nextSignal() {
            count += 1
            if signal.member == "NameOwnerChanged" { isMute = false }
            guard signal.interface == "\(Self.interfaces).Session", ["Lock", "Unlock"].contains(signal.member) else {
                continue
            }
            wishes.append((Wish(path: signal.path, isLock: signal.member == "Lock"), signal.sender))
        }
        guard count > 0 else { return nil }
        guard !wishes.isEmpty, let owner = try? bus.owner(of: Self.name, timeout: patience) else { return [] }
        return wishes.filter { $0.sender == owner }.map(\.0)
    }

    func awaitArrival(for limit: Duration?, on clock: any AgentClock) async {
        await bus.awaitArrival(for: limit, on: clock)
    }

    /// The manager's property `PreparingForSleep`.
    func isPreparingForSleep() throws(BusConnection.CallError) -> Bool {
        try bus.booleanProperty(
            "PreparingForSleep", of: "\(Self.interfaces).Manager", Self.path, Self.name, timeout: patience)
    }

    /// Has sleep delayed. Without the lock, as on a machine whose policy forbids it, the agent still hears of sleep, but is not waited for.
    func inhibitSleep() throws(BusConnection.CallError) -> InhibitorLock {
        try bus.call(
            Self.name, Self.path, "\(Self.interfaces).Manager", "Inhibit",
            [
                .string("sleep"), .string("Postern"), .string("A refreshed sign-in is being saved"), .string("delay"),
            ], timeout: patience
        ) { answer throws(BusConnection.CallError) in InhibitorLock(descriptor: try answer.fileDescriptor()) }
    }
}

/// Sleep is delayed for as long as the descriptor is open.
final class InhibitorLock {
    private let descriptor: CInt

    init(descriptor: CInt) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }
}

// MARK: - Sessions

extension Logind {
    /// What it says of this user's sessions.
    struct View: Equatable {
        /// Nil: it is not there, or does not say.
        var sessions: DesktopState.Sessions?
        fileprivate var displayPath: String?

        func id(ofSessionAt path: String) -> String? {
            path == displayPath ? sessions?.display : nil
        }
    }

    /// How they stand now; nil if it has said so before and does not at the moment.
    func view() -> View? {
        guard !isMute else { return View() }
        do {
            let view = try look()
            hasAnswered = true
            return view
        } catch {
            if hasAnswered, error.meansTimedOut { return nil }
            // One that never answers would hold up the news of a sleep each time.
            isMute = error.meansTimedOut
            return View()
        }
    }

    /// Has one that was mute be asked again: it may only have been slow, as when a session starts.
    func askAgain() {
        isMute = false
    }

    private func look() throws(BusConnection.CallError) -> View {
        guard let user = try user() else { return View(sessions: DesktopState.Sessions()) }
        var view = View(sessions: DesktopState.Sessions())
        let all = try property("Sessions", "a(so)", of: "User", user) { message throws(BusConnection.CallError) in
            var all: [(id: String, path: String)] = []
            try message.enter(.array, "(so)")
            while try message.enter(.structure, "so") {
                all.append((try message.string(), try message.objectPath()))
                try message.leave()
            }
            return all
        }
        for session in all where try isOpen(session.path) { view.sessions?.open.insert(session.id) }
        let display = try property("Display", "(so)", of: "User", user) { message throws(BusConnection.CallError) in
            try message.enter(.structure, "so")
            return (id: try message.string(), path: try message.objectPath())
        }
        guard !display.id.isEmpty, view.sessions?.open.contains(display.id) == true else { return view }
        view.sessions?.display = display.id
        view.displayPath = display.path
        view.sessions?.isHintedLocked = try property("LockedHint", "b", of: "Session", display.path) {
            message throws(BusConnection.CallError) in try message.boolean()
        }
        return view
    }

    /// The user's object; nil if nobody of that name is logged in.
    private func user() throws(BusConnection.CallError) -> String? {
        do {
            return try bus.call(
                Self.name, Self.path, "\(Self.interfaces).Manager", "GetUser", [.uint32(getuid())], timeout: patience
            ) { answer throws(BusConnection.CallError) in try answer.objectPath() }
        } catch let error where error.name == "org.freedesktop.login1.NoSuchUser" {
            return nil
        }
    }

    /// Whether it is a session of a person that has not ended. Others are those of a user manager, of cron, of a greeter.
    private func isOpen(_ session: String) throws(BusConnection.CallError) -> Bool {
        do {
            let text = { (message: BusConnection.Message) throws(BusConnection.CallError) in try message.string() }
            guard try property("Class", "s", of: "Session", session, text).hasPrefix("user") else { return false }
            return try property("State", "s", of: "Session", session, text) != "closing"
        } catch let error where error.name == SD_BUS_ERROR_UNKNOWN_OBJECT {
            // It has ended since it was listed.
            return false
        }
    }

    private func property<Value>(
        _ name: String, _ signature: String, of object: String, _ path: String,
        _ value: (BusConnection.Message) throws(BusConnection.CallError) -> Value
    ) throws(BusConnection.CallError) -> Value {
        try bus.property(
            name, signature, of: "\(Self.interfaces).\(object)", path, Self.name, timeout: patience, value)
    }
}
