import FoundationEssentials
import PosternProtocol

/// What is known of the person's desktop: their sessions, whether the screen is locked, and whether the machine sleeps.
struct DesktopState: Equatable, Sendable {
    /// The person's sessions, as the login manager tells them.
    struct Sessions: Equatable, Sendable {
        /// The one that logind would show something in (org.freedesktop.login1(5), property `Display` of a user); nil if there is none.
        var display: String?
        /// Whether its property `LockedHint` is set.
        var isHintedLocked = false
        /// Those that have not ended: logind keeps an ended one for as long as a process of it is left.
        var open: Set<String> = []
    }

    /// What somebody has told.
    enum News: Equatable, Sendable {
        /// Nil: there is no login manager to ask.
        case sessions(Sessions?)
        /// The login manager asks a session to lock its screen, or to unlock it.
        case lock(session: String)
        case unlock(session: String)
        /// Whether the screen saver is on; nil: there is none.
        case screenSaver(Bool?)
        case goingToSleep
        case resumed(at: Date)
        /// Time has passed.
        case later
    }

    private enum Sleep: Equatable {
        case awake, asleep
        /// Until this time the desktop has to say that it is locked.
        case waking(until: Date)
    }

    /// A desktop that locks at a resume has said so after this long.
    static let wakingTime = Duration.seconds(10)

    private(set) var sessions: Sessions?
    /// What the login manager said last. One that is restarted, or whose bus is lost, has unlocked nothing.
    private(set) var lastSessions: Sessions?
    /// Whether somebody has looked for a login manager, and for a screen saver.
    private(set) var areSessionsKnown = false
    private(set) var isScreenSaverKnown = false
    /// Those that the login manager asked to lock, and that have not said since how they are.
    private var lockedSessions: Set<String> = []
    private var isScreenSaverOn: Bool?
    private var sleep = Sleep.awake

    mutating func take(_ news: News) {
        switch news {
        case .sessions(let new):
            areSessionsKnown = true
            sessions = new
            guard let new else { return }
            if let old = lastSessions, old.isHintedLocked, !new.isHintedLocked, old.display == new.display { unlock() }
            lockedSessions.formIntersection(new.open)
            if new.isHintedLocked, let display = new.display { lockedSessions.remove(display) }
            lastSessions = new
        case .lock(let session):
            if session == sessions?.display { lockedSessions.insert(session) }
        case .unlock(let session):
            if session == sessions?.display { unlock() }
        case .screenSaver(let isOn):
            isScreenSaverKnown = true
            if isScreenSaverOn == true, isOn == false { unlock() }
            // One that ends while it is on has not unlocked anything.
            if isOn != nil || isScreenSaverOn != true { isScreenSaverOn = isOn }
        case .goingToSleep: sleep = .asleep
        case .resumed(let time): sleep = .waking(until: time + Self.wakingTime)
        case .later: break
        }
    }

    /// Somebody has unlocked the screen, so that nothing from before it counts.
    private mutating func unlock() {
        if let display = lastSessions?.display { lockedSessions.remove(display) }
        // The login manager says again what holds when it is back.
        if sessions == nil { lastSessions?.isHintedLocked = false }
        if isScreenSaverOn == true { isScreenSaverOn = false }
        if sleep != .asleep { sleep = .awake }
    }

    /// How the session stands that a prompt would be shown in. Without a login manager there is one if there is a screen saver to tell of it.
    func session(at now: Date) -> DesktopSession {
        // A screen saver speaks for the session only once it is known that no login manager does.
        guard sessions?.display != nil || sessions == nil && areSessionsKnown && isScreenSaverOn != nil else {
            return DesktopSession(id: "", state: .none)
        }
        let isLocked =
            lastSessions?.isHintedLocked == true || lastSessions?.display.map(lockedSessions.contains) == true
            || isScreenSaverOn == true || isAsleep(at: now)
        return DesktopSession(id: sessions?.display ?? "", state: isLocked ? .locked : .active)
    }

    /// Whether a sleep was announced, and no resume since.
    var isAsleep: Bool { sleep == .asleep }

    private func isAsleep(at now: Date) -> Bool {
        switch sleep {
        case .awake: false
        case .asleep: true
        case .waking(let end): now < end
        }
    }

    /// Whether a session has ended that somebody signed in in.
    ///
    /// - Parameter boot: the boot that the machine is in; the login manager counts its sessions anew in each.
    func hasEnded(_ mark: SessionMark, boot: String) -> Bool {
        guard let sessions else { return false }
        guard mark.boot == boot else { return true }
        // Without a session of its own it lasts as long as any, which ``Desktop`` notices when it goes.
        return !mark.id.isEmpty && !sessions.open.contains(mark.id)
    }
}

/// The session that somebody signed in in, which with `persist = session` the sign-in ends with.
struct SessionMark: Codable, Equatable, Sendable {
    private static let longestID = 64

    /// The login manager's identifier; empty if there was no session.
    var id: String
    var boot: String

    var isSound: Bool { id.utf8.count <= Self.longestID && boot.utf8.count <= Self.longestID }
}
